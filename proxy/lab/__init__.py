"""Backend sites that answer like Outlook Web App, each with a certificate of its own kind; the proxy is `service`'s."""
