#!/bin/sh
# Makes the secrets of an installation that are not there yet, readable by their owner only: sh new-secrets.sh FOLDER
# What is there is left alone. secrets/README.md says what each is for.
set -eu
folder="${1:?Say the folder: sh new-secrets.sh deploy/secrets}"
umask 077
mkdir -p "$folder"

random() { # 32 bytes as 64 hexadecimal characters
    od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n'
}

for name in citylake_s3_secret_key postgres_password pseudonym_key; do
    if [ -e "$folder/$name" ]; then
        echo "kept $folder/$name"
    else
        random >"$folder/$name"
        echo "made $folder/$name"
    fi
done
for name in citylake_exchange_url citylake_notify; do
    if [ ! -e "$folder/$name" ]; then
        : >"$folder/$name"
        echo "made $folder/$name, empty: none"
    fi
done
