#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "decisionlog/holds.h"
#include "decisionlog/kinds.h"
#include "decisionlog/writer.h"

// One line of the log, without its hash.
namespace berth::decisionlog {

inline constexpr int64_t kFormat = 1;

// The first line of a file. What is known starts from nothing in each file: the first pass says
// all of it.
struct Header {
  int64_t format = kFormat;
  std::string program;   // that decided, with its version
  int64_t file = 0;      // counts the files of one folder
  std::string previous;  // hash of the last line of the file before; empty: the chain begins
  sched::CoreSettings settings;
  // Decisions say what was rejected. Nothing: the writer did not know of it yet.
  std::optional<bool> rejected = {};
};

// What a pass saw that is new since the one before, by kind; as values, or as their JSON.
struct Saw {
  Changes changes;
};
struct RawSaw {
  std::array<Change<RawJson>, kKinds> changes;
};

struct Decided {
  std::vector<sched::Admit> admit;  // in the order of their turns, like the next
  std::vector<sched::Preempt> preempt;
  std::vector<sched::Resize> resize;
  HoldChange hold;    // what is new
  std::string turns;  // a digest of all that were decided on, in that order
};
// What is new in the decisions after those that `holds` knows, which goes on to them.
Decided decided(const std::vector<sched::Decision>& decisions, Holds& holds);

template <class S>
struct RecordOf {
  int64_t pass = 0;  // 1 is the first of a process
  Instant now;
  S saw;
  Decided decided;
};
using Record = RecordOf<Saw>;
using RawRecord = RecordOf<RawSaw>;

std::string body_of(const Header& header);
std::string body_of(const Record& record);
std::string body_of(const RawRecord& record);
// Of a line; its hash is not looked at. Errors: Invalid, with the place in the line; also where the
// line says more than these structs do, for example because a newer version wrote it.
Result<Header> parse_header(std::string_view line);
Result<Record> parse_record(std::string_view line);

}  // namespace berth::decisionlog
