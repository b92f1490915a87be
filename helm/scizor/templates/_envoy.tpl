{{/* What Envoy reads: files/ is written by `python -m tools.chart`, from what `scizor up` runs the edge with. */}}
{{- define "scizor.envoy.config" -}}
data:
  envoy.yaml: |
    {{- tpl (.Files.Get "files/envoy.yaml") . | nindent 4 }}
  json_fields.lua: |
    {{- .Files.Get "files/json_fields.lua" | nindent 4 }}
  {{- if .Values.envoy.tls.existingSecret }}
  tls.yaml: |
    resources:
    - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
      name: edge
      tls_certificate:
        certificate_chain: {filename: /etc/envoy-tls/tls.crt}
        private_key: {filename: /etc/envoy-tls/tls.key}
  {{- end }}
binaryData:
  descriptor.binpb: {{ .Files.Get "files/descriptor.binpb" | b64enc }}
{{- end }}

{{/* How a listener speaks: in the clear, or by a certificate that is read anew when the secret changes. */}}
{{- define "scizor.envoy.transport" -}}
{{- if .Values.envoy.tls.existingSecret -}}
{name: envoy.transport_sockets.tls, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, common_tls_context: {alpn_protocols: [h2, http/1.1], tls_params: {tls_minimum_protocol_version: TLSv1_2}, tls_certificate_sds_secret_configs: [{name: edge, sds_config: {path_config_source: {path: /etc/envoy/tls.yaml, watched_directory: {path: /etc/envoy-tls}}}}]}}}
{{- else -}}
{name: envoy.transport_sockets.raw_buffer, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}
{{- end }}
{{- end }}
