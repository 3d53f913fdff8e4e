"""An ASGI application for hypercorn_server.py: what http1.Backend does, in hypercorn."""


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": event["type"] + ".complete"})
            if event["type"] == "lifespan.shutdown":
                return
    await receive()  # websocket.connect
    verb, *argument = scope["path"].strip("/").split("/")
    if verb == "refuse":
        return await send({"type": "websocket.close"})
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][-1],
                "headers": [(b"x-fields", repr([(name.decode(), value.decode()) for name, value
                                                in scope["headers"]]).encode())]
                if verb == "echo" and "fields" in argument else []})
    if verb == "greet":
        await send({"type": "websocket.send", "text": "hello"})
    while (event := await receive())["type"] == "websocket.receive":
        if verb == "close":
            await send({"type": "websocket.close", "code": int(argument[0])})
        elif verb == "end":
            raise RuntimeError("the application fails")
        else:
            await send({"type": "websocket.send", "text": event.get("text"),
                        "bytes": event.get("bytes")})
