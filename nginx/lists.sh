#!/bin/sh
# Writes what the template includes and envsubst cannot: lists, and TLS where there is a certificate.
# Runs before nginx starts, see /docker-entrypoint.d of the image.
set -eu
to=/etc/nginx/generated
certificates=/etc/nginx/certificates

: >"$to/proxies.conf"
for network in ${PROXIES:-}; do echo "set_real_ip_from $network;" >>"$to/proxies.conf"; done

: >"$to/admin.conf"
for network in ${ADMIN_ADDRESSES:-}; do echo "allow $network;" >>"$to/admin.conf"; done
if [ -n "${ADMIN_ADDRESSES:-}" ]; then echo "deny all;" >>"$to/admin.conf"; fi

if [ -r "$certificates/fullchain.pem" ] && [ -r "$certificates/privkey.pem" ]; then
    cat >"$to/default.conf" <<END
listen 8080 default_server;
listen 8443 ssl default_server;
ssl_reject_handshake on;
END
    cat >"$to/site.conf" <<END
listen 8443 ssl;
http2 on;
ssl_certificate $certificates/fullchain.pem;
ssl_certificate_key $certificates/privkey.pem;
END
    cat >"$to/redirect.conf" <<END
server {
    listen 8080;
    server_name ${DOMAIN};
    location = /nginx-health { return 200 "ok\n"; }
    location / { return 301 https://\$host\$request_uri; }
}
END
else
    echo "No certificate in CERTIFICATES: the site is served without TLS." >&2
    echo "listen 8080 default_server;" >"$to/default.conf"
    echo "listen 8080;" >"$to/site.conf"
    : >"$to/redirect.conf"
fi
