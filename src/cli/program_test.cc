#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace berth::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Ran {
  int exit = 0;
  std::string out;
  std::string err;
};

Ran run(std::vector<const char*> words, bool is_terminal = false) {
  std::ostringstream out;
  std::ostringstream err;
  std::chrono::nanoseconds now{0};
  const Surroundings around{
      .out = out, .err = err, .is_err_terminal = is_terminal, .cpu_time = [&] {
        return now += std::chrono::milliseconds(1);
      }};
  words.insert(words.begin(), "kubectl-berth");
  const int exit = run_program(static_cast<int>(words.size()), words.data(), around);
  return {exit, out.str(), err.str()};
}

// Two files of a trace: a node of two devices, three pods that fill it.
class SimulateOpenb : public testing::Test {
 protected:
  SimulateOpenb() {
    std::filesystem::create_directories(folder_);
    write(nodes_, "sn,cpu_milli,memory_mib,gpu,model\na,9,9,2,G2\n");
    write(pods_,
          "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
          "p,1,1,1,1000,\nq,1,1,1,500,\nr,1,1,1,500,\n");
  }
  ~SimulateOpenb() override { std::filesystem::remove_all(folder_); }

  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  Ran simulate(std::vector<const char*> more, bool is_terminal = false) {
    more.insert(more.begin(),
                {"simulate", "openb", "--nodes", nodes_.c_str(), "--pods", pods_.c_str()});
    return run(more, is_terminal);
  }

  const std::string folder_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string nodes_ = folder_ + "/nodes.csv";
  const std::string pods_ = folder_ + "/pods.csv";
};

TEST_F(SimulateOpenb, PrintsTheFixedJson) {
  const Ran ran = simulate({"--policy", "bestfit", "--seeds", "1..2", "--inflate", "1", "--json"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            R"({"policy":"bestfit","seeds":[1,2],"allocation_percent":{"90":null,"95":null,)"
            R"("100":100.0,"110":null,"130":null},"sd_at_100":0.0,"refused_pods":0,)"
            R"("decisions_per_second":3000,"lp_bound_percent_at_100":100.0})"
            "\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(
      simulate({"--policy", "bestfit", "--seeds", "1..2", "--inflate", "1", "-o", "json"}).out,
      ran.out);
}

TEST_F(SimulateOpenb, PrintsATableForPeople) {
  const Ran ran = simulate({"--policy", "fgd", "--seeds", "1", "--inflate", "1"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("POLICY fgd, seed 1\n\nDEMAND %   ALLOCATED %\n"));
  EXPECT_THAT(ran.out, HasSubstr("     100        100.00\n"));
}

TEST_F(SimulateOpenb, ShowsProgressOnATerminalOnly) {
  EXPECT_THAT(simulate({"--policy", "fgd"}, true).err, HasSubstr("] 100% of "));
  EXPECT_EQ(simulate({"--policy", "fgd"}, false).err, "");
}

TEST_F(SimulateOpenb, SaysInOneLineWhatIsWrongAndWhere) {
  const std::string name = "kubectl-berth simulate openb: ";
  Ran ran = simulate({"--policy", "fgd", "--seeds", "9..1"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, name +
                         "--seeds: want FROM..TO or a list such as 42,43, of at most 1000, got "
                         "'9..1'\n");
  write(pods_, "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np,1,1,one,1000\n");
  ran = simulate({"--policy", "fgd"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, name + pods_ + ":2: num_gpu: want a whole number, got 'one'\n");
  EXPECT_EQ(simulate({"--policy", "best"}).exit, 2);
  EXPECT_EQ(simulate({"--inflate", "0"}).exit, 2);
}

TEST(Program, RefusesWhatItDoesNotKnowWithOneLine) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {}, {"simulate"}, {"guess"}, {"simulate", "openb"}, {"simulate", "openb", "--nodse"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.exit, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, StartsWith("kubectl-berth"));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
}

TEST(Program, HelpsAtEveryLevelWithExamples) {
  for (const auto& words : std::vector<std::vector<const char*>>{
           {"--help"}, {"simulate", "--help"}, {"simulate", "openb", "--help"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.exit, 0);
    EXPECT_THAT(ran.out, HasSubstr("Examples:"));
    EXPECT_EQ(ran.err, "");
  }
  EXPECT_EQ(run({"--version"}).out, "kubectl-berth " BERTH_VERSION "\n");
}

TEST(Completion, KnowsCommandsAndOptionsOfEveryLevel) {
  const Ran bash = run({"completion", "bash"});
  EXPECT_EQ(bash.exit, 0);
  EXPECT_THAT(bash.out, HasSubstr("'') words='explain queue top quota plan replay simulate "
                                  "completion --help --version' ;;"));
  EXPECT_THAT(bash.out, HasSubstr("'explain') words='--help --kubeconfig --context "));
  EXPECT_THAT(bash.out, HasSubstr("'simulate openb') words='--help --nodes --pods --policy"));
  const Ran zsh = run({"completion", "zsh"});
  EXPECT_EQ(zsh.exit, 0);
  EXPECT_THAT(zsh.out, StartsWith("autoload -U +X bashcompinit"));
  EXPECT_EQ(run({"completion", "fish"}).exit, 2);
}

}  // namespace
}  // namespace berth::cli
