// Receives the messages of the WebSocket /events, and finds out why when none come.

const VERSION = 1;
// The device sends a message at least every second.
const TIMEOUT_MS = 4000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;

export class MessageSocket {
  #socket = null;
  #timer = 0;
  #retryMs = FIRST_RETRY_MS;
  #onMessage;
  #onFailure;

  /** Calls `onMessage` with each message, and `onFailure` with "lost", "signed out" or "outdated". */
  constructor(onMessage, onFailure) {
    this.#onMessage = onMessage;
    this.#onFailure = onFailure;
  }

  open() {
    this.close();
    const url = new URL("events", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(socket, JSON.parse(data)));
    socket.addEventListener("close", () => this.#reconnect(socket));
    this.#restartTimeout(socket);
  }

  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #receive(socket, message) {
    if (socket !== this.#socket) {
      return;
    }
    if (message.version !== VERSION) {
      this.close();
      this.#onFailure("outdated");
      return;
    }
    this.#retryMs = FIRST_RETRY_MS;
    this.#restartTimeout(socket);
    this.#onMessage(message);
  }

  #restartTimeout(socket) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reconnect(socket), TIMEOUT_MS);
  }

  async #reconnect(socket) {
    if (socket !== this.#socket) {
      return;
    }
    this.close();
    const failure = await this.#findFailure();
    if (this.#socket === null) {
      this.#onFailure(failure);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => document.hidden || this.open(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    }
  }

  /** Ask /state, because a WebSocket does not report the status with which it was refused. */
  async #findFailure() {
    try {
      const response = await fetch("state", { signal: AbortSignal.timeout(TIMEOUT_MS) });
      return response.status === 401 ? "signed out" : "lost";
    } catch {
      return "lost";
    }
  }
}
