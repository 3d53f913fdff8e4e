// beast_load PORT SOCKETS SIZE SECONDS [tls]: a load for beast_server, as `h2ws bench` is one for
// HTTP/2: so many WebSockets of Boost.Beast, a message of each under way, every echo compared with
// what was sent. Prints one JSON object, whose names are those of docs/bench.md.
#include "../tools/bench_content.hpp"
#include "../tools/latency_histogram.hpp"
#include "beast_stream.hpp"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace bench;
using clock_type = std::chrono::steady_clock;

struct course {
    explicit course(std::size_t size) : content(size, h2ws::opcode::binary) {}

    h2ws::tools::bench_content content;
    h2ws::tools::latency_histogram latency;
    std::chrono::duration<double> length{};
    clock_type::time_point begin, last;
    std::size_t sockets = 0, opened = 0;
    unsigned long wrong = 0, failed = 0;
};

template <class Stream>
class caller {
public:
    template <class... More>
    caller(std::uint32_t number, course& run, tcp::socket socket, More&... more)
        : number_(number),
          run_(run),
          stream_(std::move(socket), more...) {
        stream_.binary(true);
    }

    // `opened` is called when all are.
    void open(std::function<void()> opened) {
        secure(stream_, asio::ssl::stream_base::client, then([this, opened] {
                   stream_.async_handshake("localhost", "/", then([this, opened] {
                                               if (++run_.opened == run_.sockets) opened();
                                           }));
               }));
    }

    // At least one message.
    void send() {
        sent_at_ = clock_type::now();
        const h2ws::const_bytes made = run_.content.make(number_, sent_);
        message_.assign(made.begin(), made.end());
        stream_.async_write(asio::buffer(message_), then([this] { receive(); }));
    }

private:
    template <class Next>
    auto then(Next next) {
        return [this, next](boost::system::error_code error, std::size_t = 0) {
            if (error)
                ++run_.failed;
            else
                next();
        };
    }

    void receive() {
        echo_.clear();
        stream_.async_read(echo_, then([this] { check(); }));
    }

    void check() {
        const auto* const came = static_cast<const std::byte*>(echo_.data().data());
        if (echo_.size() != message_.size() || !stream_.got_binary() ||
            !run_.content.matches(number_, sent_++, 0, {came, echo_.size()}))
            ++run_.wrong;
        run_.last = clock_type::now();
        run_.latency.record(
            static_cast<std::uint64_t>(std::chrono::nanoseconds(run_.last - sent_at_).count()));
        if (run_.last - run_.begin < run_.length) return send();
        stream_.async_close(beast::websocket::close_code::normal, then([] {}));
    }

    const std::uint32_t number_;
    course& run_;
    beast::websocket::stream<Stream> stream_;
    std::vector<std::byte> message_;
    beast::flat_buffer echo_;
    std::uint32_t sent_ = 0;
    clock_type::time_point sent_at_;
};

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& span) {
        return static_cast<double>(span.tv_sec) + static_cast<double>(span.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void print(const course& run, double cpu) {
    const double seconds = std::chrono::duration<double>(run.last - run.begin).count();
    const auto count = static_cast<double>(run.latency.count());
    std::printf("{\"messages\": %.0f, \"seconds\": %.6f, \"messages_per_second\": %.1f, "
                "\"wrong_echoes\": %lu, \"failed\": %lu, \"tunnels_opened\": %zu, "
                "\"client_cpu_ns_per_message\": %.0f, \"latency_ns\": {\"p50\": %llu, "
                "\"p99\": %llu, \"p99_9\": %llu}}\n",
                count, seconds, count / seconds, run.wrong, run.failed, run.opened,
                cpu * 1e9 / count, static_cast<unsigned long long>(run.latency.quantile(1, 2)),
                static_cast<unsigned long long>(run.latency.quantile(99, 100)),
                static_cast<unsigned long long>(run.latency.quantile(999, 1000)));
}

template <class Stream, class... More>
void drive(course& run, unsigned short port, More&... more) {
    asio::io_context io(1);
    std::vector<std::unique_ptr<caller<Stream>>> callers;
    for (std::uint32_t i = 0; i < run.sockets; ++i) {
        tcp::socket socket(io);
        socket.connect({asio::ip::address_v4::loopback(), port});
        socket.set_option(tcp::no_delay(true));
        callers.push_back(std::make_unique<caller<Stream>>(i, run, std::move(socket), more...));
    }
    double cpu = 0;
    for (const auto& each : callers)
        each->open([&] {
            cpu = cpu_seconds();
            run.begin = clock_type::now();
            for (const auto& any : callers) any->send();
        });
    io.run();
    print(run, cpu_seconds() - cpu);
}

} // namespace

int main(int count, char** arguments) {
    if (count != 5 && count != 6) return 2;
    const auto port = static_cast<unsigned short>(std::atoi(arguments[1]));
    course run(static_cast<std::size_t>(std::atol(arguments[3])));
    run.sockets = static_cast<std::size_t>(std::atol(arguments[2]));
    run.length = std::chrono::duration<double>(std::atof(arguments[4]));
    if (count == 5) {
        drive<tcp::socket>(run, port);
    } else {
        asio::ssl::context tls(asio::ssl::context::tls_client); // takes any certificate
        drive<secure_stream>(run, port, tls);
    }
    return run.wrong + run.failed == 0 && run.opened == run.sockets ? 0 : 1;
}
