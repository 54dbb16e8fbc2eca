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

# A location that has an error page of its own includes these again: it would lose the others.
cat >"$to/errors.conf" <<END
error_page 403 = @forbidden;
error_page 404 = @not_found;
error_page 405 = @bad_method;
error_page 413 = @too_large;
error_page 429 = @too_many;
error_page 500 = @unavailable;
END

{
    echo "map \$http_origin \$allowed_origin { default '';"
    echo "${CORS_ALLOWED_ORIGINS:-}" | tr ',' '\n' | while read -r origin; do
        if [ -n "$origin" ]; then echo "'$origin' '$origin';"; fi
    done
    echo "}"
    echo "map \$allowed_origin \$allowed_methods { default 'GET, PUT'; '' ''; }"
    echo "map \$allowed_origin \$allowed_headers { default 'content-type'; '' ''; }"
} >"$to/origins.conf"

names=$(echo "$ALLOWED_HOSTS" | tr ',' ' ')
if [ -n "${PROXIES:-}" ] && found=$(ls -A "$certificates") && [ -z "$found" ]; then
    echo "No certificate in CERTIFICATES: TLS is left to PROXIES." >&2
    echo "listen 8080 default_server;" >"$to/default.conf"
    echo "listen 8080; server_name $names;" >"$to/site.conf"
    : >"$to/redirect.conf"
else
    for file in fullchain.pem privkey.pem; do
        # A wrong folder, owner or link is no reason to send passwords over the wire as they are.
        if [ ! -r "$certificates/$file" ]; then
            echo "$file in CERTIFICATES is missing, or user 1000 may not read it." >&2
            exit 1
        fi
    done
    cat >"$to/default.conf" <<END
listen 8080 default_server;
listen 8443 ssl default_server;
ssl_reject_handshake on;
END
    cat >"$to/site.conf" <<END
listen 8443 ssl;
server_name $names;
http2 on;
ssl_certificate $certificates/fullchain.pem;
ssl_certificate_key $certificates/privkey.pem;
END
    cat >"$to/redirect.conf" <<END
server {
    listen 8080;
    server_name $names;
    location = /nginx-health { return 200 "ok\n"; }
    location / { return 301 https://\$host\$request_uri; }
}
END
fi
