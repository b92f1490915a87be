{{/*
Every program of the release, by its name: what it runs, where it is called, by what settings, and whom it calls. Objects of
all kinds are made of this table: it is the one place to change when a program is added.

kind      what runs it
values    what may be chosen about it
args      the words for the image; or a container of its own
port      where others call it, by its name; more: further ports
metrics   where it answers GET /metrics; 0: nowhere
ready     the probe of startup and readiness; alive: that of liveness
settings  environment by prefix; environment: by name
calls     other programs of the table, or the outside: database, gateway, compute, quotes
scales    whether there may be several
*/}}
{{- define "scizor.components" -}}
{{- $database := ternary "database" "postgresql" (ne .Values.database.existingSecret "") -}}
{{- $gateway := ternary "gateway" "ibsim" (ne .Values.gateway.host "") -}}
{{- $gatewayHost := .Values.gateway.host | default (include "scizor.host" (list . "ibsim")) -}}
{{- $gatewayPort := ternary .Values.gateway.port .Values.ibsim.port (ne .Values.gateway.host "") -}}
{{- $compute := ternary (printf "tcp://%s:%v" (include "scizor.host" (list . "dask-scheduler")) .Values.dask.scheduler.port) .Values.backtest.compute .Values.dask.enabled -}}
{{- $computeCalls := list $database -}}
{{- if $compute }}{{- $computeCalls = append $computeCalls (ternary "dask-scheduler" "compute" .Values.dask.enabled) }}{{- end -}}
{{- $marketdata := printf "%s:%v" (include "scizor.host" (list . "marketdata")) .Values.marketdata.port -}}
{{- $metrics := ternary .Values.metrics.port 0 .Values.metrics.enabled -}}
{{- $backtestSettings := mergeOverwrite (deepCopy .Values.backtest.settings) .Values.worker.settings -}}
marketdata:
  kind: Deployment
  values: {{ toJson .Values.marketdata }}
  args: [marketdata]
  port: {grpc: {{ .Values.marketdata.port }}}
  metrics: {{ $metrics }}
  ready: {grpc: {port: {{ .Values.marketdata.port }}, service: scizor.marketdata.v1.MarketDataService}}
  alive: {grpc: {port: {{ .Values.marketdata.port }}}}
  settings: {SCIZOR_MARKETDATA_: {{ toJson .Values.marketdata.settings }}}
  environment:
    SCIZOR_MARKETDATA_PORT: {{ .Values.marketdata.port }}
    IBKR_HOST: {{ $gatewayHost | quote }}
    IBKR_PORT: {{ $gatewayPort }}
    IBKR_CLIENT_ID: {{ .Values.gateway.clientId }}
  calls: [{{ $database }}, {{ $gateway }}]
backtest:
  kind: Deployment
  values: {{ toJson .Values.backtest }}
  scales: true
  args: [backtest]
  port: {grpc: {{ .Values.backtest.port }}}
  metrics: {{ $metrics }}
  ready: {grpc: {port: {{ .Values.backtest.port }}, service: scizor.backtest.v1.BacktestService}}
  alive: {grpc: {port: {{ .Values.backtest.port }}}}
  settings: {SCIZOR_BACKTEST_: {{ toJson .Values.backtest.settings }}}
  environment: {SCIZOR_BACKTEST_PORT: {{ .Values.backtest.port }}, SCIZOR_COMPUTE: {{ $compute | quote }}}
  calls: {{ toJson $computeCalls }}
{{- if or .Values.worker.replicas .Values.worker.autoscaling.enabled }}
worker:
  kind: Deployment
  values: {{ toJson .Values.worker }}
  scales: true
  args: [worker]
  metrics: {{ $metrics }}
  ready: {grpc: {port: {{ .Values.backtest.port }}, service: scizor.backtest.v1.BacktestService}}
  alive: {grpc: {port: {{ .Values.backtest.port }}}}
  settings: {SCIZOR_BACKTEST_: {{ toJson $backtestSettings }}}
  environment: {SCIZOR_BACKTEST_PORT: {{ .Values.backtest.port }}, SCIZOR_COMPUTE: {{ $compute | quote }}}
  calls: {{ toJson $computeCalls }}
{{- end }}
{{- if .Values.trading.enabled }}
trading:
  kind: Deployment
  values: {{ toJson .Values.trading }}
  scales: true
  args: [trading]
  port: {grpc: {{ .Values.trading.port }}}
  metrics: {{ $metrics }}
  ready: {grpc: {port: {{ .Values.trading.port }}}}
  alive: {grpc: {port: {{ .Values.trading.port }}}}
  settings: {SCIZOR_TRADING_: {{ toJson .Values.trading.settings }}}
  environment:
    SCIZOR_TRADING_PORT: {{ .Values.trading.port }}
    SCIZOR_TRADING_MARKETDATA: {{ .Values.trading.settings.marketdata | default $marketdata | quote }}
    IBKR_HOST: {{ $gatewayHost | quote }}
    IBKR_PORT: {{ $gatewayPort }}
  calls: [{{ $database }}, {{ $gateway }}, {{ ternary "quotes" "marketdata" (ne .Values.trading.settings.marketdata "") }}]
{{- end }}
{{- if eq $gateway "ibsim" }}
ibsim:
  kind: Deployment
  values: {{ toJson .Values.ibsim }}
  args: [ibsim]
  port: {tws: {{ .Values.ibsim.port }}}
  ready: {tcpSocket: {port: {{ .Values.ibsim.port }}}}
  alive: {tcpSocket: {port: {{ .Values.ibsim.port }}}}
  settings: {SCIZOR_IBSIM_: {{ toJson .Values.ibsim.settings }}}
  environment: {SCIZOR_IBSIM_PORT: {{ .Values.ibsim.port }}}
{{- end }}
{{- if .Values.dask.enabled }}
dask-scheduler:
  kind: Deployment
  values: {{ toJson .Values.dask.scheduler }}
  args: [dask-scheduler]
  port: {dask: {{ .Values.dask.scheduler.port }}}
  more: {http: {{ .Values.dask.scheduler.httpPort }}}
  ready: {httpGet: {path: /health, port: {{ .Values.dask.scheduler.httpPort }}}}
  alive: {httpGet: {path: /health, port: {{ .Values.dask.scheduler.httpPort }}}}
  environment: {SCIZOR_CLUSTER_PORT: {{ .Values.dask.scheduler.port }}, SCIZOR_CLUSTER_HTTP_PORT: {{ .Values.dask.scheduler.httpPort }}}
  calls: [dask-worker]
dask-worker:
  kind: Deployment
  values: {{ toJson .Values.dask.worker }}
  scales: true
  args: [dask-worker]
  port: {dask: 8788}
  unnamed: true
  ready: {tcpSocket: {port: 8788}}
  alive: {tcpSocket: {port: 8788}}
  environment: {SCIZOR_COMPUTE: {{ $compute | quote }}}
  calls: [dask-scheduler, dask-worker]
{{- end }}
envoy:
  kind: Deployment
  values: {{ toJson .Values.envoy }}
  scales: true
  container: {{ include "scizor.envoy.container" . | fromYaml | toJson }}
  port: {edge: 8080}
  more: {marketdata: 8000, backtest: 8001, trading: 8002}
  ready: {tcpSocket: {port: 8080}}
  alive: {tcpSocket: {port: 8080}}
  calls: [marketdata, backtest{{ if .Values.trading.enabled }}, trading{{ end }}]
{{- if eq $database "postgresql" }}
postgresql:
  kind: StatefulSet
  values: {{ toJson .Values.postgresql }}
  user: 999
  container: {{ include "scizor.postgresql.container" . | fromYaml | toJson }}
  port: {postgresql: 5432}
  ready: {exec: {command: [pg_isready, -h, 127.0.0.1, -U, scizor]}}
  alive: {exec: {command: [pg_isready, -h, 127.0.0.1, -U, scizor]}}
{{- end }}
migrate:
  kind: Job
  values: {{ toJson .Values.database.migrate }}
  args: [migrate]
  calls: [{{ $database }}]
{{- if .Values.collect.enabled }}
collect:
  kind: CronJob
  values: {{ toJson .Values.collect }}
  args: [collect]
  environment: {SCIZOR_ADDRESS: {{ $marketdata | quote }}}
  calls: [marketdata]
{{- end }}
{{- end }}

{{/* Envoy as `python -m scizor.services.edge` would start it. */}}
{{- define "scizor.envoy.container" -}}
image: {{ .Values.envoy.image | quote }}
command: [/usr/local/bin/envoy]
args: [-c, /etc/envoy/envoy.yaml, --concurrency, {{ .Values.envoy.concurrency | toString | quote }}, --disable-hot-restart, --log-level, warn]
volumeMounts:
- {name: config, mountPath: /etc/envoy, readOnly: true}
{{- if .Values.envoy.tls.existingSecret }}
- {name: tls, mountPath: /etc/envoy-tls, readOnly: true}
{{- end }}
{{- end }}

{{- define "scizor.postgresql.container" -}}
image: {{ .Values.postgresql.image | quote }}
args: [-c, max_connections={{ .Values.postgresql.maxConnections }}]
env:
- {name: POSTGRES_USER, value: scizor}
- {name: POSTGRES_DB, value: scizor}
- name: POSTGRES_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .Values.postgresql.existingSecret }}, key: {{ .Values.postgresql.key }}}}
volumeMounts:
- {name: data, mountPath: /var/lib/postgresql}
- {name: tmp, mountPath: /var/run/postgresql, subPath: run}
{{- end }}
