#include "tests/bench/market_trace/data.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "chain/base/check.h"

namespace fog::bench {
namespace {

using market::Resources;

constexpr std::size_t kRowsMax = 1'000'000;
constexpr std::uint32_t kCpuMilliMax = 1U << 20;
constexpr std::uint32_t kMemoryMibMax = 1U << 24;
constexpr std::size_t kModelsMax = 8;       // what one rule on an attribute can name
constexpr std::size_t kModelBytesMax = 64;  // and how long

std::uint64_t between(SeededRng& draw, std::uint64_t least, std::uint64_t most) {
  return least + draw.below(most - least + 1);
}

CsvError at_line(std::size_t line, const std::string& what) {
  return std::to_string(line) + ": " + what;
}

struct Row {
  std::size_t line = 0;
  std::vector<std::string> fields;
};

// One record after another, as RFC 4180 has them.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }
  // The next record that is not blank; nothing at the end.
  Result<std::optional<Row>, CsvError> next() {
    while (at_ < text_.size()) {
      Row row;
      row.line = line_;
      if (auto fault = read_record(row)) return Fail{*std::move(fault)};
      const bool is_blank = row.fields.size() == 1 && row.fields[0].empty();
      if (!is_blank) return std::optional(std::move(row));
    }
    return std::optional<Row>();
  }

 private:
  std::optional<CsvError> read_record(Row& row) {
    for (;;) {
      std::string field;
      if (auto fault = read_field(field)) return fault;
      row.fields.push_back(std::move(field));
      if (at_ == text_.size()) return std::nullopt;
      const char end = text_[at_++];
      if (end == ',') continue;
      if (end == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return std::nullopt;
    }
  }
  // Up to the comma, the end of the line or of the text.
  std::optional<CsvError> read_field(std::string& field) {
    if (at_ < text_.size() && text_[at_] == '"') return read_quoted(field);
    while (at_ < text_.size() && !ends_field(text_[at_])) {
      if (text_[at_] == '"')
        return at_line(line_, "a quote inside a field that does not begin with one");
      field.push_back(text_[at_++]);
    }
    return std::nullopt;
  }
  std::optional<CsvError> read_quoted(std::string& field) {
    const std::size_t opened = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        field.push_back(text_[at_]);
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        field.push_back('"');
        ++at_;
      } else {
        ++at_;
        if (at_ == text_.size() || ends_field(text_[at_])) return std::nullopt;
        return at_line(line_, "text after a closing quote");
      }
    }
    return at_line(opened, "a quoted field that never ends");
  }
  static bool ends_field(char c) { return c == ',' || c == '\n' || c == '\r'; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

std::string trimmed(const std::string& text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}
std::string_view without_nan(std::string_view text) {
  return text == "nan" || text == "NaN" ? std::string_view() : text;
}

// Rows of a file by the names in its first line.
class Table {
 public:
  static Result<Table, CsvError> open(std::string_view csv,
                                      const std::vector<std::string>& needed) {
    Table table(csv);
    auto header = table.reader_.next();
    if (!header) return Fail{header.error()};
    if (!*header)
      return Fail{at_line(1, "the file is empty; its first line must name the columns")};
    for (std::size_t i = 0; i < (*header)->fields.size(); ++i) {
      const std::string name = trimmed((*header)->fields[i]);
      if (!table.columns_.emplace(name, i).second) {
        return Fail{at_line((*header)->line, "the column '" + name + "' stands twice")};
      }
    }
    for (const std::string& name : needed) {
      if (!table.columns_.contains(name)) {
        return Fail{
            at_line((*header)->line, "no column '" + name + "'; needed are " + list(needed))};
      }
    }
    table.width_ = (*header)->fields.size();
    return table;
  }
  // False at the end.
  Result<bool, CsvError> next() {
    auto row = reader_.next();
    if (!row) return Fail{row.error()};
    if (!*row) return false;
    row_ = **std::move(row);
    if (row_.fields.size() != width_) {
      return Fail{at_line(row_.line, std::to_string(row_.fields.size()) + " fields, but " +
                                         std::to_string(width_) + " columns are named")};
    }
    if (++rows_ > kRowsMax) return Fail{at_line(row_.line, "more than a million rows")};
    return true;
  }
  std::string text(const std::string& column) const {
    const auto found = columns_.find(column);
    if (found == columns_.end()) return {};
    return std::string(without_nan(trimmed(row_.fields[found->second])));
  }
  // A whole number ("8", also "8.0") of least..most; `if_empty` for nothing.
  Result<std::uint32_t, CsvError> number(const std::string& column, std::uint32_t least,
                                         std::uint32_t most,
                                         std::optional<std::uint32_t> if_empty = {}) const {
    const std::string field = text(column);
    if (field.empty() && if_empty) return *if_empty;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    const std::string_view rest(end, static_cast<std::size_t>(field.data() + field.size() - end));
    const bool is_whole = rest.empty() || (rest.size() > 1 && rest[0] == '.' &&
                                           rest.find_first_not_of('0', 1) == rest.npos);
    if (error != std::errc() || !is_whole || value < least || value > most) {
      return fail(column + " is '" + field + "'; a whole number from " + std::to_string(least) +
                  " to " + std::to_string(most) + " is expected");
    }
    return value;
  }
  Fail<CsvError> fail(const std::string& what) const { return Fail{at_line(row_.line, what)}; }

 private:
  explicit Table(std::string_view csv) : reader_(csv) {}
  static std::string list(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
  }

  CsvReader reader_;
  std::map<std::string, std::size_t> columns_;
  std::size_t width_ = 0;
  std::size_t rows_ = 0;
  Row row_;
};

// What an attribute of a Host can hold.
bool is_bad_model(const std::string& model) {
  return model.size() > kModelBytesMax ||
         std::any_of(model.begin(), model.end(), [](char c) { return c < 0x20 || c > 0x7e; });
}

std::vector<std::string> models_of(const std::string& spec) {
  std::vector<std::string> models;
  for (std::size_t from = 0; from <= spec.size();) {
    const std::size_t to = std::min(spec.find('|', from), spec.size());
    const std::string model = trimmed(spec.substr(from, to - from));
    if (!model.empty()) models.push_back(model);
    from = to + 1;
  }
  return models;
}

// The trace has tasks of no memory; a replica reserves at least one unit of both.
Resources resources_of(const Task& task) {
  Resources need{task.cpu_milli, task.memory_mib, 0, 0, std::nullopt};
  if (task.num_gpu > 0) need.gpu = market::Gpu{{}, static_cast<std::uint32_t>(task.gpu_need())};
  return need;
}

}  // namespace

Result<std::vector<Machine>, CsvError> parse_machines(std::string_view csv) {
  auto table = Table::open(csv, {"cpu_milli", "memory_mib", "gpu"});
  if (!table) return Fail{table.error()};
  std::vector<Machine> machines;
  for (;;) {
    const auto more = table->next();
    if (!more) return Fail{more.error()};
    if (!*more) break;
    const auto cpu = table->number("cpu_milli", 1, kCpuMilliMax);
    if (!cpu) return Fail{cpu.error()};
    const auto memory = table->number("memory_mib", 1, kMemoryMibMax);
    if (!memory) return Fail{memory.error()};
    const auto gpus = table->number("gpu", 0, kDevicesMax, 0);
    if (!gpus) return Fail{gpus.error()};
    if (is_bad_model(table->text("model")))
      return table->fail("model may have up to 64 printable characters");
    machines.push_back(
        {table->text("sn"), *cpu, *memory, *gpus, table->text("model"), market::kScaleOne});
  }
  if (machines.empty()) return Fail{at_line(1, "no machine follows the line of column names")};
  return machines;
}

Result<std::vector<Task>, CsvError> parse_tasks(std::string_view csv) {
  auto table = Table::open(csv, {"cpu_milli", "memory_mib", "num_gpu", "gpu_milli"});
  if (!table) return Fail{table.error()};
  std::vector<Task> tasks;
  for (;;) {
    const auto more = table->next();
    if (!more) return Fail{more.error()};
    if (!*more) break;
    const auto cpu = table->number("cpu_milli", 0, kCpuMilliMax);
    if (!cpu) return Fail{cpu.error()};
    const auto memory = table->number("memory_mib", 0, kMemoryMibMax);
    if (!memory) return Fail{memory.error()};
    const auto gpus = table->number("num_gpu", 0, kDevicesMax, 0);
    if (!gpus) return Fail{gpus.error()};
    const auto milli = table->number("gpu_milli", 0, kDeviceMilli, *gpus == 0 ? 0 : kDeviceMilli);
    if (!milli) return Fail{milli.error()};
    if (*gpus > 0 && *milli == 0) return table->fail("gpu_milli is 0 although num_gpu is not");
    Task task;
    task.name = table->text("name");
    task.cpu_milli = std::max(*cpu, 1U);
    task.memory_mib = std::max(*memory, 1U);
    task.num_gpu = *gpus;
    task.gpu_milli = *gpus == 0 ? 0 : *milli;
    if (*gpus > 0) task.models = models_of(table->text("gpu_spec"));
    if (task.models.size() > kModelsMax ||
        std::any_of(task.models.begin(), task.models.end(), is_bad_model))
      return table->fail("gpu_spec may name up to 8 models of up to 64 printable characters");
    tasks.push_back(std::move(task));
  }
  if (tasks.empty()) return Fail{at_line(1, "no task follows the line of column names")};
  return tasks;
}

market::MarketParams trace_params() {
  market::MarketParams params;
  market::PriceClass one;
  one.name = "trace";
  one.prices.cpu_core_hour = 40'000'000;
  one.prices.memory_gib_hour = 5'000'000;
  one.prices.gpu_hour = 1'000'000'000;
  params.classes.push_back(one);
  params.host_bond_min = Amount{1};
  params.lease_timeout_ms = 24 * 3'600'000;  // nobody reports
  return params;
}

void draw_costs(std::vector<Machine>& machines, SeededRng& draw, const Spread& spread) {
  for (Machine& machine : machines) {
    machine.cost = static_cast<market::Scale>(between(draw, spread.cost_least, spread.cost_most));
  }
}

std::vector<Task> draw_arrivals(const std::vector<Machine>& machines,
                                const std::vector<Task>& tasks, std::uint32_t load, SeededRng& draw,
                                const Spread& spread) {
  CHECK(!machines.empty() && !tasks.empty());
  u128 gpus = 0, cores = 0, asked_gpus = 0;
  for (const Machine& machine : machines) {
    gpus += u128{machine.gpus} * kDeviceMilli;
    cores += machine.cpu_milli;
  }
  for (const Task& task : tasks) asked_gpus += task.gpu_need();
  const bool by_gpu = gpus > 0 && asked_gpus > 0;
  const u128 wanted = (by_gpu ? gpus : cores) * load / 100;
  const market::UnitPrices prices = trace_params().classes[0].prices;
  std::vector<Task> arrivals;
  std::vector<Task> order = tasks;
  for (u128 asked = 0; asked < wanted;) {
    shuffle(order, draw);
    for (const Task& task : order) {
      const u128 after = asked + (by_gpu ? task.gpu_need() : task.cpu_milli);
      if (after > wanted || arrivals.size() == kRowsMax) {
        asked = wanted;
        break;
      }
      asked = after;
      Task next = task;
      next.hourly = *market::hourly_at_scale_one(prices, resources_of(task), {});
      next.value = static_cast<std::uint64_t>(
          u128{next.hourly} * between(draw, spread.value_least, spread.value_most) / 10'000);
      arrivals.push_back(std::move(next));
    }
  }
  return arrivals;
}

}  // namespace fog::bench
