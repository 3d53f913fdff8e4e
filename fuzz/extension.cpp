// Lists of extensions, and permessage-deflate negotiated over them: a list that is written from
// what was read is read as the same, and what a server answers to a client's offers that client
// takes.
#include "supply.hpp"

#include <h2ws/h2ws.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

using fuzz::require;
using fuzz::supply;
using h2ws::errc;
using h2ws::field;

constexpr std::string_view words[] = {"permessage-deflate",
                                      "server_no_context_takeover",
                                      "client_no_context_takeover",
                                      "server_max_window_bits",
                                      "client_max_window_bits",
                                      "; ",
                                      ", ",
                                      "=",
                                      "\"",
                                      "8",
                                      "9",
                                      "10",
                                      "15",
                                      "x-other",
                                      " "};

std::string list_of(supply& from) {
    std::string text;
    while (!from.empty() && text.size() < 400) {
        const std::size_t which = from.number(std::size(words));
        if (which == std::size(words))
            text += h2ws::as_text(from.octets(from.number(8)));
        else
            text += words[which];
        if (from.number(30) == 0) break;
    }
    return text;
}

struct member {
    std::string name;
    std::vector<std::pair<std::string, std::optional<std::string>>> parameters;

    friend bool operator==(const member&, const member&) = default;
};

// Nothing where the grammar is broken.
std::optional<std::vector<member>> members_of(h2ws::extension_reader list) {
    std::vector<member> found;
    while (true) {
        const auto one = list.next();
        if (!one) {
            require(one.error() == errc::extension_list_invalid);
            require(!list.next()); // from then on
            return std::nullopt;
        }
        if (!*one) return found;
        member& made = found.emplace_back();
        made.name = (*one)->name;
        require(h2ws::is_token(made.name));
        for (const h2ws::extension_parameter& each : (*one)->parameters) {
            require(h2ws::is_token(each.name) && (!each.value || h2ws::is_token(*each.value)));
            made.parameters.emplace_back(each.name, each.value);
        }
    }
}

void read_again(std::string_view text) {
    const auto found = members_of(h2ws::extension_reader{{}, text});
    if (!found) return;
    std::string written;
    for (const member& each : *found) {
        written += (written.empty() ? "" : ", ") + each.name;
        for (const auto& [name, value] : each.parameters)
            written += "; " + name + (value ? "=" + *value : "");
    }
    require(members_of(h2ws::extension_reader{{}, written}) == found);
    // The same on lines of its own, for each member one.
    std::vector<field> lines;
    std::vector<std::string> texts;
    for (const member& each : *found) {
        std::string line = each.name;
        for (const auto& [name, value] : each.parameters)
            line += ";" + name + (value ? "=\"" + *value + "\"" : "");
        texts.push_back(line);
    }
    for (const std::string& line : texts) lines.push_back({"sec-websocket-extensions", line});
    require(members_of(h2ws::extension_reader{lines}) == found);
}

h2ws::deflate_options options_of(supply& from) {
    h2ws::deflate_options made;
    made.server_no_context_takeover = from.flag();
    made.client_no_context_takeover = from.flag();
    made.server_max_window_bits = static_cast<std::uint8_t>(8 + from.number(7));
    made.client_max_window_bits = static_cast<std::uint8_t>(8 + from.number(7));
    made.smallest_window_bits = static_cast<std::uint8_t>(8 + from.number(1));
    return made;
}

void negotiate(supply& from) {
    const h2ws::deflate_options ours = options_of(from);
    const std::string offers = list_of(from);
    const h2ws::extension_reader offered{{}, offers};
    const auto answer = h2ws::negotiate_deflate(offered, ours);
    if (!answer || !*answer) return;
    const h2ws::deflate_parameters agreed = **answer;
    require(agreed.server_window() <= ours.server_max_window_bits);
    require(agreed.client_window() <= 15 && agreed.client_window() >= 8);
    require(!ours.server_no_context_takeover || agreed.server_no_context_takeover);
    char room[h2ws::max_deflate_element];
    const auto text = h2ws::write_deflate({&agreed, 1}, room);
    require(bool(text));
    const auto taken = h2ws::read_deflate_answer(h2ws::extension_reader{{}, *text}, offered);
    require(taken && *taken);
    require((*taken)->server_window() == agreed.server_window());
    require((*taken)->client_window() == agreed.client_window());
    require((*taken)->server_no_context_takeover == agreed.server_no_context_takeover);
    require((*taken)->client_no_context_takeover == agreed.client_no_context_takeover);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    if (from.flag()) {
        negotiate(from);
    } else {
        const std::string answer = list_of(from), offers = list_of(from);
        read_again(answer);
        (void)h2ws::read_deflate_answer(h2ws::extension_reader{{}, answer},
                                        h2ws::extension_reader{{}, offers});
    }
    return 0;
}
