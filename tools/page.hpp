// The page that `h2ws serve` answers: a browser tries a WebSocket to where the page came from.
#pragma once

#include <string_view>

namespace h2ws::tools {

inline constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>h2ws: connecting</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
#log { font: 14px/1.6 ui-monospace, monospace; padding: 1rem; border: 1px solid #8886;
  border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere; min-height: 12rem; }
.sent { color: #1668c7; } .received { color: #1a8046; } .failed { color: #c62828; }
@media (prefers-color-scheme: dark) {
  .sent { color: #77b5ff; } .received { color: #6bd99a; } .failed { color: #ff8a80; }
}
</style>
</head>
<body>
<h1>A WebSocket to this server</h1>
<p>This page opens a WebSocket to the server that it came from. A browser that knows RFC 8441 does
not open a second connection for it: the WebSocket is one more stream of the HTTP/2 connection that
brought the page. The server returns every message. Below is what is sent, what comes back, and how
the WebSocket closes.</p>
<div id="log"></div>
<script>
'use strict';
const log = (text, kind = '') => {
  const line = document.createElement('div');
  line.className = kind;
  line.textContent = text;
  document.getElementById('log').append(line);
};
const hex = (bytes) => Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(' ');
const shown = (data) => typeof data === 'string'
  ? 'text "' + data + '"' : 'binary ' + hex(new Uint8Array(data));

const messages = ['Hello over HTTP/2', 'Grüße, κόσμε, 世界', '', new Uint8Array([0, 1, 254, 255]).buffer];
const url = (location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/echo';
const [visit] = performance.getEntriesByType('navigation');
log('this page came over ' + (visit && visit.nextHopProtocol || 'a protocol that the browser does not tell'));
log('opening ' + url);

const socket = new WebSocket(url);
socket.binaryType = 'arraybuffer';
let missing = messages.length;
let sent = [];
socket.onopen = () => {
  log('open');
  for (const message of messages) {
    socket.send(message);
    sent.push(shown(message));
    log('sent ' + shown(message), 'sent');
  }
};
socket.onmessage = ({ data }) => {
  const same = shown(data) === sent.shift();
  log('received ' + shown(data) + (same ? '' : ', which is not what was sent'),
      same ? 'received' : 'failed');
  if (--missing === 0) {
    log('closing with 1000');
    socket.close(1000, 'done');
  }
};
socket.onerror = () => log('the WebSocket failed', 'failed');
socket.onclose = ({ code, reason, wasClean }) => {
  log('closed with ' + code + (reason ? ' "' + reason + '"' : '') + ', '
      + (wasClean ? 'clean' : 'not clean'), wasClean ? '' : 'failed');
  document.title = 'h2ws: closed ' + code + ' clean=' + wasClean;
};
</script>
</body>
</html>
)";

} // namespace h2ws::tools
