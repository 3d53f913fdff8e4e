// undici.mjs MODULES PACKAGE CA: undici's WebSocket over HTTP/2. PACKAGE is undici-7 or undici-8.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { answerCalls, message, Queue, same } from './node_calls.mjs';

const [modules, name, ca] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { Agent, WebSocket } = require(name);

const dispatcher = new Agent({ allowH2: true, connections: 1, connect: { ca: fs.readFileSync(ca) } });
const sockets = new Map();

answerCalls({
  versions: () => ({ undici: require(`${name}/package.json`).version, node: process.versions.node }),

  begin(url, key, protocols) {
    const socket = new WebSocket(url, { dispatcher, protocols });
    socket.binaryType = 'arraybuffer';
    const received = new Queue();
    const told = { opened: false };
    socket.onmessage = ({ data }) => received.push(data);
    socket.onerror = ({ error }) => { told.error = error?.message ?? ''; };
    const opened = new Promise((resolve) => {
      socket.onopen = () => {
        const { protocol, extensions } = socket;
        resolve(Object.assign(told, { opened: true, protocol, extensions }));
      };
    });
    const closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason, wasClean }) => resolve(Object.assign(told, { code, reason, wasClean }));
    });
    sockets.set(key, { socket, received, told, opened, closed });
  },

  settled: (key) => Promise.race([sockets.get(key).opened, sockets.get(key).closed]),
  told: (key) => sockets.get(key).told,

  async echo(key, kind, size) {
    const { socket, received } = sockets.get(key);
    const sent = message(kind, size);
    socket.send(sent);
    return same(sent, await received.next());
  },

  close(key, code, reason) { sockets.get(key).socket.close(code, reason); },
  closed: (key) => sockets.get(key).closed,
});
