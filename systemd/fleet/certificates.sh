#!/bin/sh
# A certificate authority of your own, and the broker's certificate from it.
#
#   ./certificates.sh FOLDER NAME...    each NAME is one that devices call the broker by: a host name or an IPv4 address
#
# ca.crt goes to every device (--mqtt-ca); broker.crt and broker.key stay with the broker; ca.key into a drawer.
# A ca.key that is there is used again, so that the devices need no new ca.crt.
set -eu
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
umask 077
folder=$1
shift
mkdir -p "$folder"
cd "$folder"

names=""
for name in "$@"; do
    case $name in
        *[!0-9.]*) names="$names,DNS:$name" ;;
        *) names="$names,IP:$name" ;;
    esac
done

[ -f ca.key ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7300 \
    -subj "/CN=fer-edge fleet" -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout broker.key -out broker.csr 2>/dev/null
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "${names#,}" > broker.ext
openssl x509 -req -in broker.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile broker.ext \
    -out broker.crt 2>/dev/null
rm broker.csr broker.ext
chmod 644 ca.crt broker.crt
echo "$folder: ca.crt for the devices, broker.crt and broker.key for the broker (${names#,})"
