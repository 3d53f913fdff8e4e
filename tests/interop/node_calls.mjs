// What the Node peers share: calls as lines of JSON on standard input, their results on standard
// output, and messages that can be told apart by content.
import readline from 'node:readline';

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

// Answers {id, call, args} with {id, result} or {id, error}; ends with the input.
export function answerCalls(calls) {
  const input = readline.createInterface({ input: process.stdin });
  input.on('line', async (line) => {
    const { id, call, args } = JSON.parse(line);
    try {
      say({ id, result: (await calls[call](...args)) ?? null });
    } catch (error) {
      say({ id, error: `${error.code ?? ''} ${error.message}`.trim() });
    }
  });
  input.on('close', () => process.exit(0));
  process.on('unhandledRejection', (error) => { throw error; });
}

// Told without having been asked.
export const tell = (what) => say({ told: what });

// The n-th message of a kind: its content depends on everything, so that no other is taken for it.
export function message(kind, size, n = 0) {
  if (kind === 'text') {
    const letters = 'Gr\u00fc\u00dfe \u{1F642} abcdefghijklmnopqrstuvwxyz';
    const characters = Array.from(letters);
    return Array.from({ length: size }, (_, at) => characters[(at * 7 + n) % characters.length]).join('');
  }
  return Uint8Array.from({ length: size }, (_, at) => (at * 31 + n) % 251);
}

export function same(sent, received) {
  if (typeof sent === 'string' || typeof received === 'string') return sent === received;
  return Buffer.compare(Buffer.from(sent), Buffer.from(received)) === 0;
}

// Values that come one by one, for whoever waits for the next.
export class Queue {
  #values = [];
  #waiting = [];

  push(value) {
    const waiter = this.#waiting.shift();
    if (waiter) waiter(value); else this.#values.push(value);
  }

  next() {
    if (this.#values.length) return Promise.resolve(this.#values.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
