#include "catch.hpp"

#include <h2ws/characters.hpp>

#include <string>

namespace characters = h2ws::characters;
using characters::all_are;
using characters::any_is;

namespace {

bool one_of(char c, std::string_view marks) { return marks.find(c) != std::string_view::npos; }

// The classes as the grammars write them.
bool belongs(char c, characters::class_of_character wanted) {
    const auto octet = static_cast<unsigned char>(c);
    const bool upper = octet >= 0x41 && octet <= 0x5a;
    const bool plain =
        upper || (octet >= 0x61 && octet <= 0x7a) || (octet >= 0x30 && octet <= 0x39);
    const bool tchar = plain || (octet != 0 && one_of(c, "!#$%&'*+-.^_`|~"));
    switch (wanted) {
    case characters::token: return tchar;
    case characters::lower_name: return tchar && !upper;
    case characters::control: return (octet < 0x20 && octet != 0x09) || octet == 0x7f;
    case characters::host: return plain || one_of(c, "-._~%!$&'()*+,;=");
    case characters::path: return octet > 0x20 && octet < 0x7f && octet != '#';
    case characters::scheme: return plain || one_of(c, "+-.");
    }
    return false;
}

constexpr characters::class_of_character classes[] = {characters::token,   characters::lower_name,
                                                      characters::control, characters::host,
                                                      characters::path,    characters::scheme};

static_assert(all_are("", characters::token) && !any_is("", characters::control));
static_assert(h2ws::is_token("a-b") && !h2ws::is_token(""));

} // namespace

TEST_CASE("a character is of the classes that the grammars say", "[rfc9110-5.6.2][rfc3986-3.2.2]") {
    for (const auto wanted : classes)
        for (int octet = 0; octet < 256; ++octet) {
            const char c = static_cast<char>(octet);
            INFO("octet " << octet << " class " << int{wanted});
            CHECK(characters::is(c, wanted) == belongs(c, wanted));
        }
}

TEST_CASE("one character that is not of a class is seen at any place of a text",
          "[rfc9110-5.6.2][rfc9110-5.5]") {
    for (std::size_t size = 1; size != 20; ++size)
        for (std::size_t place = 0; place != size; ++place) {
            std::string text(size, 'a');
            CHECK(all_are(text, characters::token));
            text[place] = '\x01';
            CHECK_FALSE(all_are(text, characters::token));
            CHECK(any_is(text, characters::control));
            text[place] = ' ';
            CHECK_FALSE(any_is(text, characters::control));
            CHECK_FALSE(all_are(text, characters::path));
        }
}

TEST_CASE("letters are compared without their case, others as they are", "[rfc9110-5.1]") {
    for (int a = 0; a < 256; ++a)
        for (int b = 0; b < 256; ++b) {
            const char one = static_cast<char>(a), other = static_cast<char>(b);
            const bool letters = h2ws::is_letter(one) && h2ws::is_letter(other);
            const bool same = one == other || (letters && (a ^ b) == 0x20);
            if (h2ws::equal_ignoring_case({&one, 1}, {&other, 1}) != same)
                FAIL("octets " << a << " and " << b);
        }
    CHECK_FALSE(h2ws::equal_ignoring_case("ab", "abc"));
}
