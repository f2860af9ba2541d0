// Makes text from files safe to print on a terminal, in a log or in a drawing.

/** Control characters, and invisible ones that change the direction of writing or break lines. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Escapes unprintable characters as in JSON: `\u001b`. Line feeds and tabs stay. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) =>
    character === "\n" || character === "\t"
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Text in quotation marks, on one line, cut after `most` characters. */
export function quoted(text: string, most = 80): string {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  return printable(JSON.stringify(shown));
}
