#!/bin/sh
# Makes a certificate with your own certificate authority, and the authority if FOLDER holds none yet.
#
#   ./certificates.sh FOLDER FILE NAME...    makes FOLDER/FILE.crt and FOLDER/FILE.key for the machine NAME
#
# A NAME is a host name or an IPv4 address. Give FOLDER/ca.crt to everybody who is to trust the machine. Give
# FOLDER/ca.key to nobody: whoever has it can make such certificates.
set -eu
[ $# -ge 3 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
umask 077
folder=$1 file=$2
shift 2
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
    -subj "/CN=fer-edge fleet" -addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout "$file.key" -out "$file.csr" 2>/dev/null
{
    echo "subjectAltName=${names#,}"
    echo extendedKeyUsage=serverAuth
    # Python 3.13 refuses certificates without what RFC 5280 asks for, which other programs do not miss.
    echo basicConstraints=critical,CA:FALSE
    echo keyUsage=critical,digitalSignature
    echo subjectKeyIdentifier=hash
    echo authorityKeyIdentifier=keyid
} > "$file.ext"
openssl x509 -req -in "$file.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile "$file.ext" \
    -out "$file.crt" 2>/dev/null
rm "$file.csr" "$file.ext"
chmod 644 ca.crt "$file.crt"
echo "$folder/$file.crt for ${names#,}, from $folder/ca.crt"
