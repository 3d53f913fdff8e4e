// Several threads run one context, a strand is each connection's executor, and streams are used
// from wherever. What matters is what ThreadSanitizer says of it.
#include "../catch.hpp"
#include "streams.hpp"

#include <atomic>
#include <future>
#include <thread>

using namespace streams;
using asio::ip::tcp;

namespace {

using strand_socket = asio::basic_stream_socket<tcp, asio::strand<asio::io_context::executor_type>>;
using strand_server = server_end<strand_socket>;
using strand_client = client_end<strand_socket>;

constexpr int thread_count = 4;

void run_by_threads(asio::io_context& context) {
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) threads.emplace_back([&] { context.run(); });
    for (std::thread& each : threads) each.join();
}

// Two connected ends, each on a strand of its own.
struct strands {
    asio::io_context context{thread_count};
    h2ws::system_entropy entropy;
    std::optional<strand_server> server;
    std::optional<strand_client> client;
    std::atomic<int> ended = 0;

    strands() {
        asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor(
            context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        strand_socket near(asio::make_strand(context));
        near.connect(acceptor.local_endpoint());
        server.emplace(acceptor.accept(asio::make_strand(context)), h2ws::server{}, accepting());
        client.emplace(std::move(near), h2ws::client{entropy.source()});
        const auto count = [this](std::error_code error) { ended += !error; };
        server->async_run(count);
        client->async_run(count);
    }
};

// Echoes on an executor of its own, which is not the connection's.
awaitable<void> serve_elsewhere(strands& ends, std::atomic<int>& clean) {
    while (true) {
        auto [error, offer] = co_await ends.server->async_accept(tuple);
        if (error) co_return;
        auto [failed, socket] = co_await offer.async_accept(tuple);
        if (failed) continue;
        asio::co_spawn(
            asio::make_strand(ends.context), echo(std::move(socket)),
            [&clean](std::exception_ptr, const std::string& end) { clean += end == "eof"; });
    }
}

awaitable<std::string> open_and_talk(strands& ends, int number) {
    auto socket = co_await ends.client->async_open(chat(), use_awaitable);
    strings messages;
    for (std::size_t i = 0; i < 20; ++i)
        messages.push_back(std::to_string(number) + std::string(i * 500, 'm'));
    co_return co_await talk(std::move(socket), std::move(messages));
}

} // namespace

TEST_CASE("streams of one connection are used on executors of their own, by several threads",
          "[asio]") {
    strands ends;
    std::atomic<int> talked = 0, served = 0, left = 40;
    asio::co_spawn(asio::make_strand(ends.context), serve_elsewhere(ends, served), asio::detached);
    for (int i = 0; i < 40; ++i)
        asio::co_spawn(asio::make_strand(ends.context), open_and_talk(ends, i),
                       [&](std::exception_ptr, const std::string& end) {
                           talked += end == "none";
                           if (--left == 0) ends.client->shutdown();
                       });
    run_by_threads(ends.context);
    CHECK(talked == 40);
    CHECK(served == 40);
    CHECK(ends.ended == 2);
}

TEST_CASE("many connections share several threads, each on its strand", "[asio]") {
    asio::io_context context{thread_count};
    std::atomic<int> talked = 0, ended = 0;
    h2ws::system_entropy entropy[10];
    asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor(
        context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto count = [&](std::error_code error) { ended += !error; };
    for (h2ws::system_entropy& keys : entropy) {
        strand_socket near(asio::make_strand(context));
        near.connect(acceptor.local_endpoint());
        const strand_server server(acceptor.accept(asio::make_strand(context)), h2ws::server{},
                                   accepting());
        const strand_client client(std::move(near), h2ws::client{keys.source()});
        server.async_run(count);
        client.async_run(count);
        asio::co_spawn(server.get_executor(), serve(server), asio::detached);
        asio::co_spawn(
            client.get_executor(),
            [client]() -> awaitable<std::string> {
                auto socket = co_await client.async_open(chat(), use_awaitable);
                strings messages;
                for (std::size_t i = 0; i < 20; ++i) messages.emplace_back(i * 1'000, 'm');
                co_return co_await talk(std::move(socket), std::move(messages));
            },
            [&talked, client](std::exception_ptr, const std::string& end) {
                talked += end == "none";
                client.shutdown();
            });
    }
    run_by_threads(context);
    CHECK(talked == 10);
    CHECK(ended == 20);
}

TEST_CASE("threads that run no context use streams by futures", "[asio]") {
    strands ends;
    std::atomic<int> served = 0, echoed = 0;
    asio::co_spawn(asio::make_strand(ends.context), serve_elsewhere(ends, served), asio::detached);
    std::vector<std::thread> users;
    for (int i = 0; i < 4; ++i)
        users.emplace_back([&, i] {
            strand_client::stream_type socket =
                ends.client->async_open(chat(), asio::use_future).get();
            for (int n = 0; n < 20; ++n) {
                const std::string message = std::to_string(i * 100 + n);
                std::string answer;
                auto read = socket.async_read(asio::dynamic_buffer(answer), asio::use_future);
                socket.async_write(h2ws::opcode::text, asio::buffer(message), asio::use_future)
                    .get();
                read.get();
                echoed += answer == message;
            }
            socket.async_close(asio::use_future).get();
        });
    std::thread last([&] {
        for (std::thread& each : users) each.join();
        ends.client->shutdown();
    });
    run_by_threads(ends.context);
    last.join();
    CHECK(echoed == 80);
    CHECK(served == 4);
    CHECK(ends.ended == 2);
}

TEST_CASE("streams are destroyed by other threads than their connection's", "[asio]") {
    strands ends;
    std::atomic<int> served = 0, aborted = 0;
    asio::co_spawn(asio::make_strand(ends.context), serve_elsewhere(ends, served), asio::detached);
    std::thread user([&] {
        for (int i = 0; i < 20; ++i) {
            std::string buffer;
            std::promise<std::error_code> ended; // no exception: libstdc++ counts its owners unseen
            {
                auto socket = ends.client->async_open(chat(), asio::use_future).get();
                socket.async_read(asio::dynamic_buffer(buffer),
                                  [&](std::error_code error, auto) { ended.set_value(error); });
            }
            aborted += ended.get_future().get() == asio::error::operation_aborted;
        }
        ends.client->shutdown();
    });
    run_by_threads(ends.context);
    user.join();
    CHECK(aborted == 20);
    CHECK(ends.ended == 2);
}
