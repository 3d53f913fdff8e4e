#include "../catch.hpp"

#include <h2ws/http2/flow_control.hpp>

using namespace h2ws::http2;

TEST_CASE("what we may send shrinks and grows, below zero too", "[http2][rfc9113-6.9.2][R120]") {
    send_window window(100);
    window.sent(100);
    CHECK(window.left() == 0);
    CHECK(window.change(-65'535));
    CHECK(window.left() == -65'535);
    CHECK(window.change(65'536));
    CHECK(window.left() == 1);
}

TEST_CASE("no window is above 2^31-1", "[http2][rfc9113-6.9.1][R119]") {
    send_window window(max_window);
    CHECK_FALSE(window.change(1));
    CHECK(window.left() == max_window);
    window.sent(1);
    CHECK(window.change(1));
    CHECK_FALSE(send_window(1).change(max_window));
}

TEST_CASE("more than was allowed is told, and nothing changes", "[http2][rfc9113-6.9.1][R117]") {
    receive_window window(10);
    CHECK(window.receive(4));
    CHECK_FALSE(window.receive(7));
    CHECK(window.left() == 6);
    CHECK(window.receive(6));
    CHECK(window.receive(0));
    CHECK_FALSE(window.receive(0xff'ffff));
}

TEST_CASE("an empty frame may come whatever is left", "[http2][rfc9113-6.9.1][rfc9113-6.9.2]") {
    receive_window window(100);
    CHECK(window.receive(100));
    CHECK(window.receive(0));
    window.change(-40); // our SETTINGS_INITIAL_WINDOW_SIZE of 60 was acknowledged
    CHECK(window.left() == -40);
    CHECK(window.receive(0));
    CHECK_FALSE(window.receive(1));
    CHECK(window.left() == -40);
}

TEST_CASE("credit is granted by halves of the window, all of it in the end",
          "[http2][rfc9113-6.9]") {
    receive_window window(100);
    CHECK(window.receive(100));
    CHECK(window.credit(49, 100) == 0);
    CHECK(window.credit(1, 100) == 50);
    CHECK(window.left() == 50);
    CHECK(window.credit(0, 100) == 0);
    CHECK(window.credit(50, 100) == 50);
    CHECK(window.left() == 100);
    SECTION("a window of one is granted one by one") {
        receive_window one(1);
        CHECK(one.receive(1));
        CHECK(one.credit(1, 1) == 1);
    }
}

TEST_CASE("a window that is to be smaller withholds its credit", "[http2][rfc9113-6.9]") {
    receive_window window(100);
    window.withhold(60);
    CHECK(window.receive(100));
    CHECK(window.credit(60, 40) == 0);
    CHECK(window.credit(40, 40) == 40);
    CHECK(window.left() == 40);
}
