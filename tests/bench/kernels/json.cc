// Reads and writes a JSON document of 300 KB, as often as standard input says.
#include <cstdio>

#include <nlohmann/json.hpp>

int main() {
  long rounds = 0;
  if (std::scanf("%ld", &rounds) != 1) return 1;
  nlohmann::json list = nlohmann::json::array();
  for (int i = 0; i < 2'000; ++i) {
    list.push_back({{"id", i},
                    {"name", "reading number " + std::to_string(i)},
                    {"degrees", 0.25 * i - 40},
                    {"tags", {"north", "roof", i % 2 == 0 ? "even" : "odd"}},
                    {"place", {{"lat", 52.5 + i * 1e-4}, {"lon", 13.4}}},
                    {"valid", i % 7 != 0}});
  }
  std::string text = list.dump();
  std::size_t sum = 0;
  for (; rounds > 0; --rounds) {
    nlohmann::json read = nlohmann::json::parse(text);
    read[static_cast<std::size_t>(rounds) % read.size()]["id"] = rounds;
    text = read.dump();
    sum += text.size();
  }
  return std::printf("%zu %zu\n", text.size(), sum) < 0;
}
