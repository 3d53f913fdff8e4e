// soak_sockets [--seed S] [--seconds T] [--at-once N]: connections over loopback sockets, TCP and
// TLS, on the Asio adapter with each engine at each side, so many at a time for so long. The exit
// status is 1 where anything was wrong.
#include "../../tools/certificate.hpp"
#include "arguments.hpp"
#include "socket_connection.hpp"

#include <list>

namespace {

class run {
public:
    explicit run(const soak::settings& told) : told_(told) {
        client_tls_.set_verify_mode(asio::ssl::verify_none); // the certificate is of the run
        h2ws::tools::use_self_signed_certificate(server_tls_, "localhost");
    }

    bool all() {
        while (fill()) {
            try {
                context_.restart();
                context_.run_for(std::chrono::milliseconds(20));
            } catch (const soak::violation& wrong) {
                std::printf("%s\nseed %llu; of:\n", wrong.what(), soak::whole(told_.seed));
                for (const auto& one : live_) std::printf("  %s\n", one->described().c_str());
                return false;
            }
            live_.remove_if([](const auto& one) { return one->over(); });
            if (watch_.since_said() >= 5) watch_.say(counted_);
        }
        std::printf("seed %llu, %.0f s\n", soak::whole(told_.seed), watch_.seconds());
        counted_.report();
        return true;
    }

private:
    // Whether any is live.
    bool fill() {
        while (watch_.seconds() < told_.seconds && live_.size() < told_.at_once) {
            live_.push_back(
                std::make_unique<soak::socket_connection>(shared_, told_.seed, next_++));
            live_.back()->start();
        }
        return !live_.empty();
    }

    soak::settings told_;
    soak::content contents_;
    soak::counts counted_;
    soak::watch watch_;
    asio::io_context context_{1};
    asio::ssl::context server_tls_ = h2ws::asio::server_tls_context();
    asio::ssl::context client_tls_ = h2ws::asio::client_tls_context();
    soak::socket_run shared_{context_, server_tls_, client_tls_, contents_, counted_};
    std::uint64_t next_ = 0;
    std::list<std::unique_ptr<soak::socket_connection>> live_;
};

} // namespace

int main(int count, char** words) {
    soak::settings told;
    if (!soak::read(told, count, words)) {
        std::fputs("soak_sockets: see tests/soak/sockets.cpp\n", stderr);
        return 2;
    }
    run connections(told);
    const bool good = connections.all();
    std::printf("cases: %d passed, %d failed\n", good, !good);
    std::fflush(stdout);
    if (!good) std::_Exit(1); // what is under way is left where it is
}
