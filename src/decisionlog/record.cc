#include "decisionlog/record.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "decisionlog/chain.h"
#include "decisionlog/reader.h"
#include "json/parse.h"

namespace berth::decisionlog {
namespace {

template <class T>
inline constexpr bool kIsChange = false;
template <class T>
inline constexpr bool kIsChange<Change<T>> = true;
template <class T>
concept AnyChange = kIsChange<std::remove_const_t<T>>;

template <class T>
concept AnyRecord = Of<T, Record> || Of<T, RawRecord>;

}  // namespace

void describe(auto& v, Of<Header> auto& header) {
  auto& [format, program, file, previous, settings, rejected] = header;
  v("berth_decisions", format);
  v("program", program);
  v("file", file);
  v("previous", previous);
  v("settings", settings);
  v("rejected", rejected);
}

void describe(auto& v, AnyChange auto& change) {
  v("set", change.set);
  v("gone", change.gone);
}

void describe(auto& v, Of<Saw> auto& saw) {
  size_t kind = 0;
  std::apply([&](auto&... change) { (v(Kinds::kNames[kind++], change), ...); }, saw.changes);
}

void describe(Writer& v, const RawSaw& saw) {
  for (size_t kind = 0; kind < kKinds; ++kind) v(Kinds::kNames[kind], saw.changes[kind]);
}

void describe(auto& v, Of<Decided> auto& decided) {
  auto& [admit, preempt, resize, hold, turns] = decided;
  v("admit", admit);
  v("preempt", preempt);
  v("resize", resize);
  v("hold", hold);
  v("turns", turns);
}

void describe(auto& v, AnyRecord auto& record) {
  auto& [pass, now, saw, decided] = record;
  v("pass", pass);
  v("now", now);
  v("saw", saw);
  v("decided", decided);
}

namespace {

// FNV-1a of the ids: two orders that differ are told apart, nobody is kept from forging one.
class Turns {
 public:
  void add(std::string_view uid) {
    for (const char c : uid) mix(static_cast<unsigned char>(c));
    mix('\n');
  }
  std::string text() const {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string hex;
    for (int shift = 60; shift >= 0; shift -= 4) hex += kHex[hash_ >> shift & 0xF];
    return hex;
  }

 private:
  void mix(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001B3ULL; }
  uint64_t hash_ = 0xCBF29CE484222325ULL;
};

template <class T>
Result<T> parse_as(std::string_view line) {
  const std::string_view body = body_of_line(line);
  const bool is_sealed = body.size() != line.size();
  const Json json = parse_json(is_sealed ? std::string(body) + "}" : std::string(line));
  if (json.is_discarded()) return Error{Code::Invalid, "not JSON"};
  T value;
  BERTH_TRY(read_json(json, value));
  return value;
}

}  // namespace

Decided decided(const std::vector<sched::Decision>& decisions, Holds& holds) {
  Decided made;
  Turns turns;
  for (const sched::Decision& decision : decisions) {
    std::visit([&](const auto& one) { turns.add(one.id.uid); }, decision);
    if (const auto* admit = std::get_if<sched::Admit>(&decision)) made.admit.push_back(*admit);
    if (const auto* preempt = std::get_if<sched::Preempt>(&decision)) {
      made.preempt.push_back(*preempt);
    }
    if (const auto* resize = std::get_if<sched::Resize>(&decision)) made.resize.push_back(*resize);
  }
  made.turns = turns.text();
  made.hold = holds.next(decisions);
  return made;
}

std::string body_of(const Header& header) { return json_of(header); }
std::string body_of(const Record& record) { return json_of(record); }
std::string body_of(const RawRecord& record) { return json_of(record); }

Result<Header> parse_header(std::string_view line) {
  if (!line.starts_with("{\"berth_decisions\":")) {
    return Error{Code::Invalid, "this is not the beginning of a decision log"};
  }
  const Header header = BERTH_TRY(parse_as<Header>(line));
  if (header.format != kFormat) {
    return Error{Code::Invalid, "format " + std::to_string(header.format) + " is not known, only " +
                                    std::to_string(kFormat)};
  }
  return header;
}

Result<Record> parse_record(std::string_view line) {
  Record record = BERTH_TRY(parse_as<Record>(line));
  std::string again = body_of(record);
  again.pop_back();
  if (again != body_of_line(line)) {
    return Error{Code::Invalid, "says more than this version knows, or says it in another form"};
  }
  return record;
}

}  // namespace berth::decisionlog
