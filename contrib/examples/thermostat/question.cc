#include "contrib/examples/thermostat/question.h"

#include "contrib/examples/thermostat/json_reader.h"

namespace thermostat {
namespace {

constexpr size_t kNameSizeMax = 64;

// The members met so far, as bits: each may come once.
enum Member : unsigned {
  kTarget = 1,
  kHysteresis = 2,
  kModeName = 4,
  kNow = 8,
  kMaxAge = 16,
  kReadings = 32
};

// Reads the members of one question and keeps the first problem.
class QuestionReader {
 public:
  QuestionReader(std::string_view json, Question* question) : json_(json), question_(question) {}

  std::string run() {
    const bool fine = read_top() && json_.finish() && check_whole();
    if (fine) return "";
    return problem_.empty() ? "The body is " + json_.problem() + "." : problem_;
  }

 private:
  bool fail(std::string sentence) {
    if (problem_.empty()) problem_ = std::move(sentence);
    return false;
  }

  bool read_top() {
    if (json_.peek() != JsonKind::kObject && json_.ok()) {
      return fail("The body must be a JSON object with \"target_c\" and \"readings\".");
    }
    if (!json_.enter(JsonKind::kObject)) return false;
    std::string name;
    while (json_.next_member(&name, kNameSizeMax)) {
      if (!read_member(name)) return false;
    }
    return json_.ok();
  }

  bool fail_twice(const std::string& path) { return fail("\"" + path + "\" is given twice."); }

  bool once(unsigned member, const std::string& name) {
    if ((seen_ & member) != 0) return fail_twice(name);
    seen_ |= member;
    return true;
  }

  bool read_member(const std::string& name) {
    if (name == "target_c") {
      return once(kTarget, name) && read_celsius(name, &question_->target_milli_c);
    }
    if (name == "hysteresis_c") return once(kHysteresis, name) && read_hysteresis();
    if (name == "mode") return once(kModeName, name) && read_mode();
    if (name == "now") {
      int64_t now_ms = 0;
      if (!once(kNow, name) || !read_time_member(name, &now_ms)) return false;
      question_->now_ms = now_ms;
      return true;
    }
    if (name == "max_age_s") return once(kMaxAge, name) && read_max_age();
    if (name == "readings") return once(kReadings, name) && read_readings();
    return fail(
        "The body has a member that is not known; known are \"target_c\", \"hysteresis_c\", "
        "\"mode\", \"now\", \"max_age_s\" and \"readings\".");
  }

  bool read_celsius(const std::string& path, int64_t* milli_c) {
    const JsonKind kind = json_.peek();
    if (json_.ok() && kind != JsonKind::kNumber && kind != JsonKind::kNone) {
      return fail("\"" + path + "\" must be a number, in degrees Celsius.");
    }
    if (!json_.read_milli(milli_c)) return false;
    if (*milli_c < kMilliCMin || *milli_c > kMilliCMax) {
      return fail("\"" + path + "\" must lie between -100 and 150 degrees Celsius.");
    }
    return true;
  }

  bool read_hysteresis() {
    if (!read_celsius("hysteresis_c", &question_->hysteresis_milli_c)) return false;
    if (question_->hysteresis_milli_c < 0 || question_->hysteresis_milli_c > kHysteresisMilliCMax) {
      return fail("\"hysteresis_c\" must lie between 0 and 20 degrees Celsius.");
    }
    return true;
  }

  bool read_max_age() {
    int64_t milli = 0;
    if (json_.peek() == JsonKind::kNumber && !json_.read_milli(&milli)) return false;
    if (!json_.ok()) return false;
    question_->max_age_s = milli / 1000;
    if (milli % 1000 != 0 || milli <= 0 || question_->max_age_s > kMaxAgeSMax) {
      return fail("\"max_age_s\" must be a whole number of seconds, from 1 to a year.");
    }
    return true;
  }

  bool read_mode() {
    static constexpr const char* kRule =
        "\"mode\" must be one of \"heat\", \"cool\", \"auto\" and \"off\".";
    if (json_.ok() && json_.peek() != JsonKind::kString) return fail(kRule);
    std::string name;
    if (!json_.read_string(&name, kNameSizeMax)) return false;
    if (name == "heat") {
      question_->mode = Mode::kHeat;
    } else if (name == "cool") {
      question_->mode = Mode::kCool;
    } else if (name == "auto") {
      question_->mode = Mode::kAuto;
    } else if (name == "off") {
      question_->mode = Mode::kOff;
    } else {
      return fail(kRule);
    }
    return true;
  }

  bool read_time_member(const std::string& path, int64_t* at_ms) {
    const std::string rule =
        "\"" + path + "\" must be an RFC 3339 time such as \"2026-01-01T00:00:00Z\".";
    if (json_.ok() && json_.peek() != JsonKind::kString) return fail(rule);
    std::string text;
    if (!json_.read_string(&text, kNameSizeMax)) return false;
    return read_time(text, at_ms) || fail(rule);
  }

  bool read_readings() {
    static constexpr const char* kRule =
        "\"readings\" must be an array of objects such as "
        "{\"at\": \"2026-01-01T00:00:00Z\", \"celsius\": 19.8}.";
    if (json_.ok() && json_.peek() != JsonKind::kArray) return fail(kRule);
    if (!json_.enter(JsonKind::kArray)) return false;
    while (json_.next_element()) {
      if (json_.peek() != JsonKind::kObject) return fail(kRule);
      if (question_->readings.size() == kReadingsMax) {
        return fail("\"readings\" has more than 10000 entries; send the newest ones only.");
      }
      if (!read_reading()) return false;
    }
    return json_.ok();
  }

  bool read_reading() {
    const std::string path = "readings[" + std::to_string(question_->readings.size()) + "]";
    Reading reading;
    bool has_at = false;
    bool has_celsius = false;
    if (!json_.enter(JsonKind::kObject)) return false;
    std::string name;
    while (json_.next_member(&name, kNameSizeMax)) {
      const bool is_at = name == "at";
      const bool is_celsius = name == "celsius";
      if ((is_at && has_at) || (is_celsius && has_celsius)) {
        return fail_twice(path + "." + name);
      }
      has_at = has_at || is_at;
      has_celsius = has_celsius || is_celsius;
      const bool fine = is_at        ? read_time_member(path + ".at", &reading.at_ms)
                        : is_celsius ? read_celsius(path + ".celsius", &reading.milli_c)
                                     : json_.skip_value();
      if (!fine) return false;
    }
    if (!json_.ok()) return false;
    if (!has_at || !has_celsius) {
      return fail("\"" + path + "\" needs both \"at\" and \"celsius\".");
    }
    return check_order(path, reading);
  }

  bool check_order(const std::string& path, const Reading& reading) {
    std::vector<Reading>& readings = question_->readings;
    if (!readings.empty() && reading.at_ms < readings.back().at_ms) {
      return fail("\"" + path +
                  ".at\" is earlier than the reading before it; send readings in order "
                  "of time.");
    }
    if (!readings.empty() && reading.at_ms - readings.front().at_ms > kSpanMsMax) {
      return fail("\"" + path + ".at\" is more than a year after the first reading.");
    }
    readings.push_back(reading);
    return true;
  }

  // What can only be judged when every member has been read.
  bool check_whole() {
    if ((seen_ & kReadings) == 0 || question_->readings.empty()) {
      return fail("\"readings\" must have at least one entry.");
    }
    if ((seen_ & kTarget) == 0 && question_->mode != Mode::kOff) {
      return fail("\"target_c\" is missing: the temperature to reach, in degrees Celsius.");
    }
    if (question_->now_ms && *question_->now_ms < question_->readings.back().at_ms) {
      return fail("\"now\" is earlier than the newest reading.");
    }
    return true;
  }

  JsonReader json_;
  Question* question_;
  unsigned seen_ = 0;
  std::string problem_;
};

// Days since 1970-01-01 in the Gregorian calendar, for years from 1970 on.
int64_t days_since_1970(int64_t year, int64_t month, int64_t day) {
  // Counting years from March puts the leap day at the end of a year.
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t month_from_march = (month + 9) % 12;
  const int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  // 719468 days lie between 0000-03-01 and 1970-01-01.
  return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719'468;
}

int64_t days_in_month(int64_t year, int64_t month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Takes fixed-width decimal fields and separators off the front of a time.
class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  bool number(size_t width, int64_t* out) {
    *out = 0;
    if (text_.size() < width) return false;
    for (const char c : text_.substr(0, width)) {
      if (c < '0' || c > '9') return false;
      *out = *out * 10 + (c - '0');
    }
    text_.remove_prefix(width);
    return true;
  }

  bool one_of(std::string_view set, char* out) {
    if (text_.empty() || set.find(text_.front()) == std::string_view::npos) return false;
    *out = text_.front();
    text_.remove_prefix(1);
    return true;
  }

  bool separator(std::string_view set) {
    char ignored = '\0';
    return one_of(set, &ignored);
  }

  // ".25" is 250; an absent fraction is 0; a point without digits is wrong.
  bool fraction_ms(int64_t* out) {
    *out = 0;
    if (!separator(".")) return true;
    int64_t weight = 100;
    int64_t digit = 0;
    if (!number(1, &digit)) return false;
    do {
      *out += digit * weight;
      weight /= 10;
    } while (number(1, &digit));
    return true;
  }

  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
};

// "Z" or an offset from UTC such as "+01:00", in minutes.
bool read_offset(Fields* fields, int64_t* minutes) {
  char sign = '\0';
  *minutes = 0;
  if (!fields->one_of("Zz+-", &sign)) return false;
  if (sign == 'Z' || sign == 'z') return true;
  int64_t hour = 0;
  int64_t minute = 0;
  if (!fields->number(2, &hour) || !fields->separator(":") || !fields->number(2, &minute)) {
    return false;
  }
  if (hour > 23 || minute > 59) return false;
  *minutes = (hour * 60 + minute) * (sign == '-' ? -1 : 1);
  return true;
}

}  // namespace

bool read_time(std::string_view text, int64_t* at_ms) {
  Fields fields(text);
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t ms = 0;
  int64_t offset_minutes = 0;
  const bool shaped = fields.number(4, &year) && fields.separator("-") &&
                      fields.number(2, &month) && fields.separator("-") && fields.number(2, &day) &&
                      fields.separator("Tt ") && fields.number(2, &hour) && fields.separator(":") &&
                      fields.number(2, &minute) && fields.separator(":") &&
                      fields.number(2, &second) && fields.fraction_ms(&ms) &&
                      read_offset(&fields, &offset_minutes) && fields.empty();
  if (!shaped || year < 1970 || month < 1 || month > 12 || day < 1) return false;
  if (day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59) return false;
  const int64_t minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute;
  *at_ms = ((minutes - offset_minutes) * 60 + second) * 1000 + ms;
  return true;
}

std::string read_question(std::string_view json, Question* question) {
  *question = Question{};
  return QuestionReader(json, question).run();
}

}  // namespace thermostat
