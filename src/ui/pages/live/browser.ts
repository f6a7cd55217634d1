/** A request to the JSON API of this server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly address: string;
  /** The token of a session, which each request that writes must carry. */
  readonly csrf: string;
  /** Sent as JSON; undefined for none. */
  readonly body: unknown;
}

/** The part of the browser's EventSource that pages use. */
export interface Stream {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The part of the browser that pages use, except its elements. */
export interface Browser {
  openStream(address: string): Stream;
  /** Reads the page of this window again, as data. Rejects if the server does not answer. */
  readPage(): Promise<Answer>;
  /** Reads a text from this server. Rejects with an error whose message is for people. */
  readText(address: string): Promise<string>;
  /** Rejects if the server does not answer. */
  request(request: ApiRequest): Promise<Answer>;
  /** Returns what was kept for this entry of the browser's history; undefined if nothing was. */
  draft(): unknown;
  /** Keeps what was typed, for a person who returns to the page. */
  keepDraft(draft: unknown): void;
  copy(text: string): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `work` once; the returned function cancels that. */
  after(delayMs: number, work: () => void): () => void;
  /** The path of the address. */
  path(): string;
  /** Changes the path of the address, without loading a page. */
  showPath(path: string): void;
  /** Calls `listener` when the person goes back or forward. */
  onPath(listener: () => void): () => void;
  /** Loads another page. */
  go(path: string): void;
  /** Whether the page is on the screen. */
  isVisible(): boolean;
  onVisibility(listener: () => void): () => void;
}

/** On the server, nothing happens after a page is rendered. */
let known: Browser = {
  openStream: () => ({ readyState: 0, addEventListener: () => {}, close: () => {} }),
  readPage: () => new Promise(() => {}),
  readText: () => new Promise(() => {}),
  request: () => new Promise(() => {}),
  draft: () => undefined,
  keepDraft: () => {},
  copy: async () => {},
  now: () => 0,
  after: () => () => {},
  path: () => '',
  showPath: () => {},
  onPath: () => () => {},
  go: () => {},
  isVisible: () => false,
  onVisibility: () => () => {},
};

/** Sets the browser; called once by its entry point, so that the server needs no browser types. */
export function setBrowser(browser: Browser): void {
  known = browser;
}

export function browser(): Browser {
  return known;
}
