// The session concept's suite on our own HTTP/2.
#include "model.hpp"

#include <tuple>

using models = std::tuple<http2_model>;

using model = http2_model;

// It has used all numbers but two.
struct late_client : http2_model::client {
    explicit late_client(h2ws::client role, const h2ws::session_options& options)
        : http2_model::client(role, options) {
        next_id_ = h2ws::http2::max_stream_id - 2;
    }
};

#include "../engine_suite/numbers.hpp"
#include "../engine_suite/session.hpp"
#include "../rule_suite.hpp"
#include "../session_suite.hpp"

TEST_CASE("a refusal whose content is not as long as it says is malformed",
          "[http2][rfc9113-8.1.1][R54]") {
    using m = http2_model;
    // What a client makes of a refusal with this content, in frames.
    const auto made_of = [](std::string_view status, std::string_view length,
                            const octets& content) {
        alone<m::client> client;
        client.hears(m::server_preface(true));
        const connect_request wanted{.authority = "a.test", .path = "/"};
        REQUIRE(client.side.call([&](auto& s) { return s.open(wanted, client.now); }));
        client.hears({});
        client.hears(m::headers(1, {{":status", status}, {"content-length", length}}, false));
        client.hears(content);
        const lines& log = client.side.log;
        for (const std::string& line : log)
            if (line.find("refused") != std::string::npos) return line.substr(line.find("refused"));
        return std::string{};
    };
    CHECK(made_of("403", "5", m::data(1, "12345", true)) == "refused status_not_2xx 403 12345");
    CHECK(made_of("403", "5", m::data(1, "1234", true)) == "refused malformed_message");
    CHECK(made_of("403", "5", m::data(1, "123456", false)) == "refused malformed_message");
    CHECK(made_of("403", "x", {}) == "refused malformed_message");
    CHECK(made_of("304", "5", m::data(1, "", true)) == "refused status_not_2xx 304");
    CHECK(made_of("304", "5", m::data(1, "1", false)) == "refused malformed_message");
}
