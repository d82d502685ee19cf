/** Text from the cluster, made visible: control and bidirectional characters are shown, and not interpreted. */

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** A name or message with each hidden character written as its code point. */
export function visible(text: string): string {
  return text.replace(
    HIDDEN,
    (character) => `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}

/** An address that may become a link: http and https only, without a user or password. Else null. */
export function safeLink(address: string | null | undefined): URL | null {
  if (!address) return null;
  try {
    const url = new URL(address);
    const isPlain = (url.protocol === "https:" || url.protocol === "http:") && !url.username && !url.password;
    return isPlain ? url : null;
  } catch {
    return null;
  }
}

/** Such as `The last run was still open`. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
