// berth-sim: plays schedules of faults against the whole of Berth in memory. See README.md.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "tests/simulation/schedule.h"
#include "tests/simulation/schedule_text.h"

namespace berth::simulation {
namespace {

struct Flags {
  uint64_t seeds = 1'000;
  uint64_t from = 1;
  int seconds = 0;
  unsigned threads = 0;
  size_t shrink = 2;
  size_t failures = 20;  // then there is enough to look at
  Measure measure;
  bool print = false;
  bool tell = false;
  std::vector<std::string> play;  // files
};

struct Totals {
  std::mutex mutex;
  std::map<std::string, uint64_t> drawn;  // faults, by kind
  uint64_t schedules = 0;
  uint64_t changes = 0;
  std::map<uint64_t, std::vector<std::string>> broken;  // by seed
};

void play(const Flags& flags, std::atomic<uint64_t>& next, Totals& totals) {
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    const uint64_t seed = next++;
    if (flags.seconds == 0 && seed >= flags.from + flags.seeds) return;
    const auto spent = std::chrono::steady_clock::now() - begun;
    if (flags.seconds > 0 && spent >= std::chrono::seconds(flags.seconds)) return;
    const Schedule schedule = draw_schedule(seed, flags.measure);
    const Outcome outcome = run(schedule);
    const std::lock_guard lock(totals.mutex);
    ++totals.schedules;
    totals.changes += outcome.changes;
    for (const Act& act : schedule.acts) {
      if (act_kinds()[act.kind].is_fault) ++totals.drawn[act_kinds()[act.kind].name];
    }
    if (!outcome.broken.empty()) totals.broken[seed] = outcome.broken;
    if (totals.broken.size() >= flags.failures) return;
    if (isatty(STDERR_FILENO) != 0 && totals.schedules % 50 == 0) {
      std::cerr << "\r" << totals.schedules << " schedules, " << totals.broken.size()
                << " with violations";
    }
  }
}

void tell(const Schedule& schedule, const std::vector<std::string>& broken) {
  const std::string invariant = invariant_of(broken.front());
  const auto fails = [&](const Schedule& part) {
    const auto found = run(part).broken;
    return !found.empty() && invariant_of(found.front()) == invariant;
  };
  const Schedule least = shrink(schedule, fails);
  std::cout << "\n" << broken.front() << " takes no more than\n" << text_of(least);
  for (const std::string& one : run(least).broken) std::cout << "  => " << one << "\n";
}

int simulate(const Flags& flags) {
  const auto begun = std::chrono::steady_clock::now();
  Totals totals;
  std::atomic<uint64_t> next = flags.from;
  std::vector<std::thread> threads;
  const unsigned count =
      flags.threads > 0 ? flags.threads : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&] { play(flags, next, totals); });
  }
  for (std::thread& thread : threads) thread.join();
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\n";
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  uint64_t faults = 0;
  for (const auto& [name, drawn] : totals.drawn) {
    std::printf("%-24s %10lu\n", name.c_str(), static_cast<unsigned long>(drawn));
    faults += drawn;
  }
  std::printf(
      "%lu schedules, %lu faults of %zu kinds drawn, %lu changes, %.1f s, %.0f schedules a "
      "minute, %zu with violations\n",
      static_cast<unsigned long>(totals.schedules), static_cast<unsigned long>(faults),
      totals.drawn.size(), static_cast<unsigned long>(totals.changes), took.count(),
      static_cast<double>(totals.schedules) / took.count() * 60, totals.broken.size());
  std::fflush(stdout);
  for (const auto& [seed, broken] : totals.broken) {
    for (const std::string& one : broken) std::cout << "seed " << seed << " breaks " << one << "\n";
  }
  size_t shown = 0;
  for (const auto& [seed, broken] : totals.broken) {
    if (shown++ < flags.shrink) tell(draw_schedule(seed, flags.measure), broken);
  }
  return totals.broken.empty() ? 0 : 1;
}

void print_line(const std::string& line) { std::cout << line << "\n"; }

// Plays the schedules of files; a file that cannot be read is an end with 2.
int play_files(const Flags& flags) {
  int failed = 0;
  for (const std::string& file : flags.play) {
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto schedule = parse_schedule(text);
    if (!schedule) {
      std::cerr << "berth-sim: " << file << ": " << schedule.error().message << "\n";
      return 2;
    }
    const Outcome outcome = flags.tell ? run(*schedule, print_line) : run(*schedule);
    std::cout << file << ": " << (outcome.broken.empty() ? "holds" : "fails") << "\n";
    for (const std::string& one : outcome.broken) std::cout << "  => " << one << "\n";
    failed += outcome.broken.empty() ? 0 : 1;
  }
  return failed == 0 ? 0 : 1;
}

int tell_seeds(const Flags& flags) {
  bool holds = true;
  for (uint64_t i = 0; i < flags.seeds; ++i) {
    const Schedule schedule = draw_schedule(flags.from + i, flags.measure);
    std::cout << text_of(schedule);
    holds = run(schedule, print_line).broken.empty() && holds;
  }
  return holds ? 0 : 1;
}

}  // namespace
}  // namespace berth::simulation

int main(int argc, char** argv) {
  berth::simulation::Flags flags;
  CLI::App app(
      "Plays schedules of faults against operators, extender and an API server in memory, and "
      "looks at the invariants after every change. A violation is shown with the shortest "
      "schedule that still has it.");
  app.add_option("--seeds", flags.seeds, "how many schedules")->capture_default_str();
  app.add_option("--from", flags.from, "the first seed")->capture_default_str();
  app.add_option("--seconds", flags.seconds, "play for so long instead of so many schedules");
  app.add_option("--threads", flags.threads, "default: one per core");
  app.add_option("--shrink", flags.shrink, "how many of the schedules that fail are cut down")
      ->capture_default_str();
  app.add_option("--failures", flags.failures, "end after so many schedules that fail")
      ->capture_default_str();
  std::vector<std::string> names;
  for (const auto& kind : berth::simulation::act_kinds()) names.emplace_back(kind.name);
  app.add_option("--jobs", flags.measure.jobs, "how many jobs a schedule has at least")
      ->check(CLI::Range(0, 1'000))
      ->capture_default_str();
  int64_t within = flags.measure.within / std::chrono::seconds(1);
  app.add_option("--within", within, "the seconds in which everything of a schedule happens")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  app.add_option("--also", flags.measure.also, "one act of this kind in every schedule besides")
      ->check(CLI::IsMember(names));
  app.add_flag("--print", flags.print, "print the schedules of these seeds and play nothing");
  app.add_flag("--tell", flags.tell, "print every act, change and violation as it happens");
  app.add_option("--play", flags.play, "play these files of schedules and nothing else");
  app.footer(
      "examples:\n  berth-sim --seeds 10000\n  berth-sim --from 4711 --seeds 1 --tell\n  "
      "berth-sim --tell --play least.schedule\n  "
      "berth-sim --jobs 6 --within 15 --also two_lead --seeds 100000");
  CLI11_PARSE(app, argc, argv);
  flags.measure.within = std::chrono::seconds(within);
  if (!flags.play.empty()) return berth::simulation::play_files(flags);
  if (flags.tell) return berth::simulation::tell_seeds(flags);
  if (flags.print) {
    for (uint64_t i = 0; i < flags.seeds; ++i) {
      std::cout << berth::simulation::text_of(
          berth::simulation::draw_schedule(flags.from + i, flags.measure));
    }
    return 0;
  }
  return berth::simulation::simulate(flags);
}
