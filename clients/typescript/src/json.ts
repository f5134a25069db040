/** Where a value is: the names of fields and the indexes of elements from the root to it. */
export type Path = readonly (string | number)[];

/** Returns the value of a number from its text, which still has every digit. */
export type NumberReader = (text: string, path: Path) => unknown;

const SPACE = /[ \t\n\r]*/y;
const NEEDS_PARSING = /[\\\u0000-\u001f]/;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORDS: readonly (readonly [string, unknown])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * Parse JSON (RFC 8259) and let `readNumber` read every number from its text.
 *
 * `JSON.parse` would round numbers, and shows their text to a reviver only from Node.js 21 on.
 * Raises `SyntaxError` for anything else than JSON.
 */
export function readJson(text: string, readNumber: NumberReader): unknown {
  return new Reader(text, readNumber).read();
}

class Reader {
  #position = 0;
  readonly #path: (string | number)[] = [];

  constructor(
    readonly text: string,
    readonly readNumber: NumberReader,
  ) {}

  read(): unknown {
    const value = this.#value();
    if (this.#position < this.text.length) throw this.#unexpected();
    return value;
  }

  /** Read a value and the space around it. */
  #value(): unknown {
    this.#match(SPACE);
    const value = this.#bare();
    this.#match(SPACE);
    return value;
  }

  #bare(): unknown {
    const first = this.text[this.#position];
    if (first === "{") return this.#object();
    if (first === "[") return this.#array();
    if (first === '"') return this.#string();
    const digits = this.#match(NUMBER);
    return digits ? this.readNumber(digits, this.#path) : this.#word();
  }

  #object(): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    this.#list("{", "}", () => {
      this.#match(SPACE);
      const name = this.#string();
      this.#match(SPACE);
      this.#expect(":");
      const value = this.#inside(name);
      // An assignment to __proto__ would change the prototype.
      if (name === "__proto__") {
        const own = { value, enumerable: true, writable: true, configurable: true };
        Object.defineProperty(found, name, own);
      } else {
        found[name] = value;
      }
    });
    return found;
  }

  #array(): unknown[] {
    const found: unknown[] = [];
    this.#list("[", "]", () => found.push(this.#inside(found.length)));
    return found;
  }

  #list(open: string, close: string, readOne: () => void): void {
    this.#expect(open);
    this.#match(SPACE);
    if (this.text[this.#position] === close) {
      this.#position += 1;
      return;
    }
    for (;;) {
      readOne();
      if (this.text[this.#position] !== ",") break;
      this.#position += 1;
    }
    this.#expect(close);
  }

  #inside(step: string | number): unknown {
    this.#path.push(step);
    const value = this.#value();
    this.#path.pop();
    return value;
  }

  #string(): string {
    const start = this.#position;
    this.#expect('"');
    let end = this.text.indexOf('"', start + 1);
    while (end > 0 && this.#isEscaped(end)) end = this.text.indexOf('"', end + 1);
    if (end < 0) throw this.#unexpected();
    this.#position = end + 1;
    const written = this.text.slice(start, end + 1);
    return NEEDS_PARSING.test(written) ? (JSON.parse(written) as string) : written.slice(1, -1);
  }

  #isEscaped(position: number): boolean {
    let first = position;
    while (this.text[first - 1] === "\\") first -= 1;
    return (position - first) % 2 === 1;
  }

  #word(): unknown {
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.#position)) {
        this.#position += word.length;
        return value;
      }
    }
    throw this.#unexpected();
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.#position += found.length;
    return found;
  }

  #expect(character: string): void {
    if (this.text[this.#position] !== character) throw this.#unexpected();
    this.#position += 1;
  }

  #unexpected(): SyntaxError {
    const found = this.text[this.#position];
    const what = found === undefined ? "the text ends too early" : `unexpected ${found}`;
    return new SyntaxError(`not JSON: ${what} (character ${this.#position})`);
  }
}
