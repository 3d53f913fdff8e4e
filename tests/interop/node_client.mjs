// node_client.mjs MODULES: Node's http2 as a client, with WebSockets of the package ws on its streams.
import fs from 'node:fs';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { answerCalls, message, Queue, same } from './node_calls.mjs';

const require = createRequire(`${process.argv[2]}/`);
const { WebSocket } = require('ws');

let session;
const seen = { goaway: null, failure: null };
const tunnels = new Map();

const settled = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

function begin(stream) {
  const tunnel = { stream, received: new Queue(), gone: settled(stream, 'close') };
  stream.on('error', (error) => { tunnel.error = error.code; });
  return tunnel;
}

// ws has no public way to a client's WebSocket on a stream; this is how its own client does it.
function openWebSocket(tunnel) {
  const { stream } = tunnel;
  stream.setNoDelay = () => stream;
  stream.setKeepAlive = () => stream;
  const socket = new WebSocket(null, undefined, { closeTimeout: 8000 });
  socket._isServer = false;
  socket.setSocket(stream, Buffer.alloc(0),
    { allowSynchronousEvents: true, maxPayload: 1 << 24, skipUTF8Validation: false });
  socket.on('message', (data, binary) => tunnel.received.push(binary ? data : data.toString()));
  socket.on('error', (error) => { tunnel.error = error.message; });
  tunnel.closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  tunnel.socket = socket;
}

answerCalls({
  async connect(origin, ca) {
    session = http2.connect(origin, ca ? { ca: fs.readFileSync(ca) } : {});
    session.on('error', (error) => { seen.failure = error.code; });
    session.on('goaway', (code) => { seen.goaway = code; });
    const settings = await settled(session, 'remoteSettings');
    return { settings, alpn: session.alpnProtocol, versions: process.versions, ws: require('ws/package.json').version };
  },

  // Resolves with the answer; a 200 makes a WebSocket.
  async open(name, path, protocols = []) {
    const fields = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13' };
    if (protocols.length) fields['sec-websocket-protocol'] = protocols.join(', ');
    const tunnel = begin(session.request(fields, { endStream: false }));
    tunnels.set(name, tunnel);
    const status = await new Promise((resolve) => {
      tunnel.stream.once('response', (head) => {
        tunnel.protocol = head['sec-websocket-protocol'] ?? '';
        if (head[':status'] === 200) openWebSocket(tunnel); // before DATA of the same turn
        resolve(head[':status']);
      });
      tunnel.stream.once('close', () => resolve(null));
    });
    return { status, protocol: tunnel.protocol, stream: tunnel.stream.id };
  },

  // Sends a message, in as many frames, and awaits one: whether it is the same.
  async echo(name, kind, size, pieces = 1) {
    const { socket, received } = tunnels.get(name);
    const sent = message(kind, size, pieces);
    const bytes = Buffer.from(sent); // cut anywhere, inside characters too
    const step = Math.ceil(bytes.length / pieces);
    for (let n = 0; n < pieces; ++n) {
      socket.send(bytes.subarray(n * step, (n + 1) * step), { binary: kind === 'binary', fin: n === pieces - 1 });
    }
    return same(sent, await received.next());
  },

  async ping(name) {
    const { socket } = tunnels.get(name);
    const pong = settled(socket, 'pong');
    socket.ping('are you there');
    return (await pong).toString();
  },

  close(name, code, reason) { tunnels.get(name).socket.close(code, reason); },
  terminate(name) { tunnels.get(name).stream.destroy(); },
  endWithoutClose(name) { tunnels.get(name).stream.end(); },

  // The WebSocket's end and the stream's.
  async ended(name) {
    const { closed, gone, stream } = tunnels.get(name);
    const how = closed ? await closed : {};
    await gone;
    return { ...how, rst: stream.rstCode, error: tunnels.get(name).error ?? null };
  },

  async body(name) {
    const { stream, gone } = tunnels.get(name);
    stream.resume();
    await gone;
    return { rst: stream.rstCode };
  },

  seen: () => seen,
});
