#include "catch.hpp"

#include <h2ws/accept_key.hpp>

#include <string>

namespace {

constexpr bool is(std::string_view key, std::string_view expected) {
    const auto made = h2ws::accept_key(key);
    return std::string_view(made.data(), made.size()) == expected;
}

// RFC 6455 §1.3.
static_assert(is("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));

} // namespace

TEST_CASE("keys of any length are answered, around the blocks of the hash too", "[rfc6455-4.2.2]") {
    // from Python's hashlib and base64
    CHECK(is(std::string(0, 'k'), "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="));
    CHECK(is(std::string(1, 'k'), "cai0HFWL7DEHZkyHxdyv1Pn3R6M="));
    CHECK(is(std::string(18, 'k'), "qChxkF3JDYNASeew3saQqqTWi7o="));
    CHECK(is(std::string(19, 'k'), "tWclcP21hrR+xgjYVswtQRW71GQ="));
    CHECK(is(std::string(20, 'k'), "tSsjsIAvEVIQ+IC5K8+T/OkG8nU="));
    CHECK(is(std::string(27, 'k'), "qUNe7W8rvas6tQS5F4QBTf/JpvE="));
    CHECK(is(std::string(28, 'k'), "x9bmfLYIxLMaaT5h0sFuRlAhhb8="));
    CHECK(is(std::string(29, 'k'), "23YR1Db+zw7wlQpr5c9wffHlaIs="));
    CHECK(is(std::string(83, 'k'), "c8WQ7edrEIKQKdUK6YpbGv6/vjc="));
    CHECK(is(std::string(84, 'k'), "oSGTDoRzn25LiA1UjW2lEH1Pvlc="));
    CHECK(is(std::string(92, 'k'), "LY9EluoxzTck+ySKVLqXrQNaqCc="));
    CHECK(is(std::string(200, 'k'), "HXr7Nbki1tHdEVpq+a7G7IV4VJU="));
}
