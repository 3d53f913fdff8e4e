// Streams on a session that is not an engine of this project: types of their own, which take long
// to compile.
#include "../../examples/memory_session.hpp"
#include "../catch.hpp"
#include "streams.hpp"

using namespace streams;

TEST_CASE("any model of the session concept will do: one without HTTP/2", "[asio]") {
    asio::io_context context;
    local_socket near(context), far(context);
    asio::local::connect_pair(near, far);
    h2ws::system_entropy entropy;
    server_end<local_socket, examples::memory_server> server(std::move(far), h2ws::server{},
                                                             accepting());
    client_end<local_socket, examples::memory_client> client(std::move(near),
                                                             h2ws::client{entropy.source()});
    server.async_run([](std::error_code error) { CHECK_FALSE(error); });
    client.async_run([](std::error_code error) { CHECK_FALSE(error); });
    strings log, served;
    const strings messages{"a", std::string(300'000, 'b')};
    asio::co_spawn(context, serve(server, &served), asio::detached);
    asio::co_spawn(
        context,
        [&]() -> awaitable<void> {
            auto socket = co_await client.async_open(chat(), use_awaitable);
            log.push_back(co_await talk(std::move(socket), messages));
            client.shutdown();
        },
        asio::detached);
    context.run();
    CHECK(log == strings{"none"});
    CHECK(served == strings{"eof"});
}
