"""The edge: one Envoy in front of every service, speaking native gRPC, gRPC-Web and JSON/REST on one port.

The YAML files are the configuration, `json_fields.lua` the one piece of logic in it, and `config.render` fills in
addresses and method names.
"""
