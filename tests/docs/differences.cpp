// Prints docs/differences.md's table from the one that the differential test holds.
#include "../http2/differences.hpp"

#include <cstdio>

int main() {
    std::printf("| | RFC 9113 | h2ws::http2 | nghttp2 1.52 | why ours |\n"
                "| --- | --- | --- | --- | --- |\n");
    const auto size = [](std::string_view text) { return static_cast<int>(text.size()); };
    for (const differential::difference& row : differential::differences)
        std::printf("| `%.*s` | %.*s | %.*s | %.*s | %.*s |\n", size(row.name), row.name.data(),
                    size(row.section), row.section.data(), size(row.ours), row.ours.data(),
                    size(row.theirs), row.theirs.data(), size(row.why), row.why.data());
}
