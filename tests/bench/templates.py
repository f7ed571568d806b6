"""Configuration files of the candidates as templates; filled in by `candidates`."""

NGINX = """
{user}daemon off; worker_processes 1; pid {folder}/pid; error_log stderr warn; worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{
  access_log off; ssl_protocols TLSv1.3; keepalive_timeout 600s; keepalive_requests 100000000;
  client_max_body_size 0; client_body_temp_path {folder}/t0; proxy_temp_path {folder}/t1;
  fastcgi_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
  upstream origin {{
    server 127.0.0.1:{place.origin_port} max_fails=0;
    keepalive 256; keepalive_requests 100000000; keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{place.port} ssl backlog=4096;
    ssl_certificate {certificates.front.certificate}; ssl_certificate_key {certificates.front.key};
    location / {{
      proxy_pass https://origin; proxy_http_version 1.1;
      proxy_request_buffering off; proxy_max_temp_file_size 0;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_ssl_protocols TLSv1.3; proxy_ssl_verify on; proxy_ssl_trusted_certificate {certificates.authority};
      proxy_ssl_server_name on; proxy_ssl_name {name};
    }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 9000
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-server-options ssl-min-ver TLSv1.3
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  option forwardfor
frontend front
  bind 127.0.0.1:{place.port} backlog 4096 ssl crt {certificates.front.both}
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:{place.origin_port} ssl verify required verifyhost {name} sni str({name}) ca-file {certificates.authority}
"""  # noqa: E501 - one server is one line

CADDY = """
{{
  admin off
  auto_https off
  default_sni {name}
  log {{
    level ERROR
  }}
  servers {{
    protocols h1
  }}
}}
https://{name}:{place.port} {{
  bind 127.0.0.1
  tls {certificates.front.certificate} {certificates.front.key} {{
    protocols tls1.3
  }}
  reverse_proxy https://127.0.0.1:{place.origin_port} {{
    transport http {{
      tls_server_name {name}
      tls_trusted_ca_certs {certificates.authority}
      versions 1.1
      keepalive 600s
      keepalive_idle_conns_per_host 256
    }}
  }}
}}
"""

# The host of ProxyPass is what SSLProxyCheckPeerName compares, hence a name and no address.
APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog /dev/stderr
LogLevel error
ServerName {name}
{account}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
StartServers 1
ServerLimit 1
ThreadLimit 600
ThreadsPerChild 600
MaxRequestWorkers 600
Listen 127.0.0.1:{place.port}
ListenBacklog 4096
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
SSLEngine on
SSLProtocol TLSv1.3
SSLCertificateFile {certificates.front.certificate}
SSLCertificateKeyFile {certificates.front.key}
SSLProxyEngine on
SSLProxyProtocol TLSv1.3
SSLProxyVerify require
SSLProxyCheckPeerName on
SSLProxyCACertificateFile {certificates.authority}
ProxyPass / https://{name}:{place.origin_port}/ keepalive=On max=600 retry=0
"""

CASPROXY = """
config_version = 1
[server]
name = "bench"
listen = "127.0.0.1:{place.port}"
admin = "127.0.0.1:0"
state_dir = "{folder}"
certificate = "{certificates.front.certificate}"
key = "{certificates.front.key}"
[log]
access = {logs}
[trust]
allow_internal_untrusted_certs = 0
ca_files = ["{certificates.authority}"]
[[sites]]
name = "origin"
servers = [{{ url = "https://{name}:{place.origin_port}", connect_to = "127.0.0.1:{place.origin_port}", tls_name = "{name}" }}]
{place.chosen_by}
{place.more}
"""  # noqa: E501 - an inline table is one line

STRANGER = "stranger.localhost"
"""Host and server of the site that is not trusted: the origin's certificate is for another name."""
CASPROXY_STORM = """
[limits]
connections_per_client = 1000
[[sites]]
name = "stranger"
hosts = ["{name}"]
servers = [{{ url = "https://{name}:{port}", connect_to = "127.0.0.1:{port}" }}]
"""
