// Prints docs/states.md's table and diagram from the code's own table.
#include <h2ws/closing_handshake.hpp>

#include <array>
#include <cstdio>
#include <string_view>

constexpr std::array<std::string_view, 4> directions{"open", "closing", "broken", "ended"};
constexpr std::array<std::string_view, 4> passages{"data", "close", "end_stream", "reset"};

void print_table() {
    std::printf(
        "| | a frame but Close | Close | END_STREAM | reset |\n| --- | --- | --- | --- | --- |\n");
    for (std::size_t from = 0; from < directions.size(); ++from) {
        std::printf("| **%s** |", directions[from].data());
        for (const h2ws::step& taken : h2ws::lifecycle[from])
            std::printf(" %s%s |", directions[static_cast<std::size_t>(taken.next)].data(),
                        taken.counts ? "" : ", void");
        std::printf("\n");
    }
}

void print_diagram() {
    std::printf("\n```mermaid\nstateDiagram-v2\n    [*] --> open\n");
    for (std::size_t from = 0; from < directions.size(); ++from)
        for (std::size_t what = 0; what < passages.size(); ++what) {
            const h2ws::step taken = h2ws::lifecycle[from][what];
            if (taken.counts)
                std::printf("    %s --> %s: %s\n", directions[from].data(),
                            directions[static_cast<std::size_t>(taken.next)].data(),
                            passages[what].data());
        }
    std::printf("    open --> broken: a rule is broken\n");
    std::printf("    ended --> [*]\n```\n");
}

int main() {
    print_table();
    print_diagram();
}
