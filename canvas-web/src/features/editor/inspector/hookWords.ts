/** How a program calls a webhook, as text one can paste into a shell. Pure. */

/** The signature is HMAC-SHA256 over "time.body"; openssl makes it, so that no client is needed. */
export function curlExample(url: string, secret: string): string {
  return [
    `BODY='{"hello": "world"}'`,
    `SECRET=${shellQuoted(secret)}`,
    "T=$(date +%s)",
    `SIG=$(printf '%s.%s' "$T" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)`,
    `curl ${shellQuoted(url)} -H 'content-type: application/json' \\`,
    `  -H "X-TriggerFlow-Signature: t=$T,v1=$SIG" -d "$BODY"`,
  ].join("\n");
}

export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A secret that is not shown: its ends, so that two can be told apart. */
export const masked = (secret: string): string => (secret.length < 12 ? "••••••••" : `${secret.slice(0, 4)}••••••••${secret.slice(-2)}`);
