"""The gateway's wire protocol: framing, fields, requests in, replies out. It knows neither market nor broker."""
