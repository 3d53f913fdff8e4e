// Gives a fuzz target the inputs in the files and folders that are named, with any compiler.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void play(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> octets(std::istreambuf_iterator<char>(in), {});
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
}

} // namespace

int main(int count, char** arguments) {
    std::size_t played = 0;
    for (int i = 1; i < count; ++i) {
        const std::filesystem::path path(arguments[i]);
        if (!std::filesystem::is_directory(path)) {
            play(path);
            ++played;
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
            if (entry.is_regular_file()) {
                play(entry.path());
                ++played;
            }
    }
    std::printf("cases: %zu passed, 0 failed\n", played); // one that fails ends the program
    return played == 0;
}
