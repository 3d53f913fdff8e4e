// node_server.mjs MODULES [CERTIFICATE KEY]: Node's http2 as a server, with WebSockets of the package
// ws on its streams. The path chooses what it does; everything that happens is told.
import fs from 'node:fs';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { answerCalls, message, same, tell } from './node_calls.mjs';

const [modules, certificate, key] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { WebSocket } = require('ws');

// ws has no public way to a WebSocket on a stream; this is how its own server does it.
function openWebSocket(stream) {
  stream.setNoDelay = () => stream;
  stream.setKeepAlive = () => stream;
  const socket = new WebSocket(null, undefined, { closeTimeout: 8000 });
  socket._isServer = true;
  socket.setSocket(stream, Buffer.alloc(0),
    { allowSynchronousEvents: true, maxPayload: 1 << 24, skipUTF8Validation: false });
  socket.on('error', () => {}); // told as the end
  return socket;
}

function sendInPieces(socket, data, pieces) {
  const bytes = Buffer.from(data);
  const step = Math.ceil(bytes.length / pieces);
  for (let n = 0; n < pieces; ++n) {
    socket.send(bytes.subarray(n * step, (n + 1) * step),
      { binary: typeof data !== 'string', fin: n === pieces - 1 });
  }
}

const behaviours = {
  echo: (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })),
  // The server speaks first, and tells whether the client's echo is what it sent.
  ask: (socket, kind, size, pieces) => {
    const sent = message(kind, Number(size), Number(pieces));
    sendInPieces(socket, sent, Number(pieces));
    socket.on('message', (data, binary) => {
      tell({ echoed: same(sent, binary ? data : data.toString()), kind, size: Number(size) });
      socket.close(1000);
    });
  },
  close: (socket, code, reason) => socket.close(Number(code), decodeURIComponent(reason)),
  destroy: (socket) => socket.on('message', () => socket._socket.destroy()),
};

function onStream(stream, headers, flags, fields) {
  const path = headers[':path'];
  const pairs = [];
  for (let n = 0; n < fields.length; n += 2) pairs.push([fields[n], fields[n + 1]]);
  tell({ path, fields: pairs, endStream: stream.endAfterHeaders, settings: stream.session.remoteSettings });
  stream.on('end', () => tell({ path, clientEnded: true }));
  stream.on('error', (error) => tell({ path, error: error.code }));
  stream.on('close', () => tell({ path, streamClosed: stream.rstCode }));
  const [what, ...how] = path.slice(1).split('/');
  if (what === 'status') {
    stream.respond({ ':status': Number(how[0]) });
    return stream.end('because\n');
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(', ');
  stream.respond({ ':status': 200, ...(offered.includes('chat') && { 'sec-websocket-protocol': 'chat' }) });
  if (what === 'end') return stream.on('data', () => stream.end()); // no WebSocket: no Close
  const socket = openWebSocket(stream);
  socket.on('close', (code, reason) => tell({ path, code, reason: reason.toString() }));
  return behaviours[what](socket, ...how);
}

const settings = { enableConnectProtocol: true };
const server = certificate
  ? http2.createSecureServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key), settings })
  : http2.createServer({ settings });
server.on('stream', onStream);
server.on('session', () => tell({ session: true }));
server.listen(0, '127.0.0.1');

answerCalls({
  listening: async () => {
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    return { port: server.address().port, node: process.versions.node, ws: require('ws/package.json').version };
  },
});
