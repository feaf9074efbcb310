// The connection to /events: messages as they come, and what is wrong when none do.

const VERSION = 1;
// The device sends one a second at the least.
const SILENT_AFTER_MS = 4000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;

export class Messages {
  #socket = null;
  #timer = 0;
  #retryMs = FIRST_RETRY_MS;
  #onMessage;
  #onTrouble;

  /** `onMessage` is given each message, `onTrouble` one of "lost", "signed out" and "outdated". */
  constructor(onMessage, onTrouble) {
    this.#onMessage = onMessage;
    this.#onTrouble = onTrouble;
  }

  open() {
    this.close();
    const url = new URL("events", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(socket, JSON.parse(data)));
    socket.addEventListener("close", () => this.#lose(socket));
    this.#expectMessage(socket);
  }

  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #take(socket, message) {
    if (socket !== this.#socket) {
      return;
    }
    if (message.version !== VERSION) {
      this.close();
      this.#onTrouble("outdated");
      return;
    }
    this.#retryMs = FIRST_RETRY_MS;
    this.#expectMessage(socket);
    this.#onMessage(message);
  }

  #expectMessage(socket) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(socket), SILENT_AFTER_MS);
  }

  async #lose(socket) {
    if (socket !== this.#socket) {
      return;
    }
    this.close();
    const trouble = await this.#reason();
    if (this.#socket === null) {
      this.#onTrouble(trouble);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => document.hidden || this.open(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    }
  }

  /** A WebSocket does not tell why it could not be opened; a request does. */
  async #reason() {
    try {
      const response = await fetch("state", { signal: AbortSignal.timeout(SILENT_AFTER_MS) });
      return response.status === 401 ? "signed out" : "lost";
    } catch {
      return "lost";
    }
  }
}
