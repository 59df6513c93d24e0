#include "cli/simulate_queue.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "cli/program.h"

namespace berth::cli {
namespace {

class SimulateQueue : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    write("red.csv",
          "job_id,submission_time,duration,num_gpu\n"
          "a,0,100,4\nb,10,100,2\nc,20,100,5\n");
    write("blue.csv", "job_id,submit_time,duration,num_gpu\nd,5000,50000,4\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& file) const { return (folder_ / file).string(); }
  void write(const std::string& file, const std::string& text) {
    std::ofstream(folder_ / file) << text;
  }
  int run(std::vector<std::string> more) {
    std::vector<std::string> words = {"kubectl-berth", "simulate", "queue"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    out_.str("");
    err_.str("");
    return run_program(static_cast<int>(argv.size()), argv.data(), {.out = out_, .err = err_});
  }

  std::filesystem::path folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(SimulateQueue, PrintsOneLineOfJsonInTheOrderOfTheContract) {
  ASSERT_EQ(run({"--trace", path("red.csv"), "--cluster", "1x4", "--policy", "fifo", "--json"}), 0)
      << err_.str();
  EXPECT_EQ(out_.str(),
            R"({"jobs":2,"load":15.0,"makespan_seconds":200.0,"utilisation_percent":75.0,)"
            R"("wait_seconds":{"mean":45.0,"p50":0.0,"p95":90.0,"p99":90.0},)"
            R"("jct_ratio_mean":1.45,"sla_attainment_percent":{"Standard":50.0},)"
            R"("lost_device_seconds":0.0,"preemptions":0,"useless_preemptions":0,)"
            R"("deadlines_met_percent":null})"
            "\n");
  EXPECT_EQ(err_.str(), "refused 1 job wider than the cluster of 1x4\n");
}

TEST_F(SimulateQueue, MakesATenantOfEachTraceAndGivesItWhatItsQuotaSays) {
  write("quotas.yaml",
        "kind: Quota\nmetadata: {name: research}\n"
        "spec: {namespaces: [red], weight: 3, tiers: [Gold], limits: []}\n---\n"
        "kind: Quota\nmetadata: {name: blue}\nspec: {limits: [], tiers: [Spot]}\n---\n"
        "kind: SlaTier\nmetadata: {name: Gold}\n"
        "spec: {order: 1, deviceTimePercent: 100, windowSeconds: 60}\n---\n"
        "kind: SlaTier\nmetadata: {name: Spot}\nspec: {order: 2, deviceTimePercent: 0}\n");
  ASSERT_EQ(run({"--trace", path("red.csv"), path("blue.csv"), "--cluster", "2x4", "--policy",
                 "drf", "--quota", path("quotas.yaml"), "-o", "json"}),
            0)
      << err_.str();
  const auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["jobs"], 4);
  EXPECT_EQ(json["sla_attainment_percent"]["Spot"], 100);
  EXPECT_LT(json["sla_attainment_percent"]["Gold"], 100);
}

TEST_F(SimulateQueue, GoesByTheTiersOfTheFileUnderBerth) {
  write("gold.csv", "job_id,submission_time,duration,num_gpu\ng,0,100,4\n");
  write("spot.csv", "job_id,submission_time,duration,num_gpu\ns,0,100,4\n");
  const auto attained = [&](int gold_order) {
    const std::string quota = "spec: {limits: [{class: nvidia-h200, guaranteed: 4}], tiers: ";
    write("quotas.yaml",
          "kind: Quota\nmetadata: {name: gold}\n" + quota + "[Gold]}\n---\n" +
              "kind: Quota\nmetadata: {name: spot}\n" + quota + "[Spot]}\n---\n" +
              "kind: SlaTier\nmetadata: {name: Gold}\nspec: {order: " + std::to_string(gold_order) +
              ", deviceTimePercent: 90, windowSeconds: 100}\n---\n" +
              "kind: SlaTier\nmetadata: {name: Spot}\n"
              "spec: {order: 5, deviceTimePercent: 90, windowSeconds: 100}\n");
    EXPECT_EQ(run({"--trace", path("gold.csv"), path("spot.csv"), "--cluster", "1x4", "--policy",
                   "berth", "--quota", path("quotas.yaml"), "--json"}),
              0)
        << err_.str();
    return nlohmann::json::parse(out_.str())["sla_attainment_percent"];
  };
  EXPECT_EQ(attained(1), (nlohmann::json{{"Gold", 100.0}, {"Spot", 50.0}}));
  EXPECT_EQ(attained(9), (nlohmann::json{{"Gold", 50.0}, {"Spot", 100.0}}));
}

TEST_F(SimulateQueue, ExplainsASampleOfWhatWasHeldAndTriesWhatItSuggests) {
  const std::vector<std::string> berth = {"--trace",  path("red.csv"), "--cluster", "1x5",
                                          "--policy", "berth",         "--json"};
  std::vector<std::string> words = berth;
  words.insert(words.end(), {"--explain-sample", "9"});
  ASSERT_EQ(run(words), 0) << err_.str();
  const auto told = nlohmann::json::parse(out_.str())["explained"];
  EXPECT_EQ(told["sampled"], 2) << "b and c had to wait";
  EXPECT_EQ(told["started"], told["with_change"]);
  ASSERT_EQ(run(berth), 0);
  EXPECT_FALSE(nlohmann::json::parse(out_.str()).contains("explained"));
  words[5] = "easy";
  EXPECT_EQ(run(words), 2);
}

TEST_F(SimulateQueue, SaysWhereAQuotaIsWrong) {
  const auto refused = [&](const std::string& text) {
    write("quotas.yaml", text);
    EXPECT_EQ(run({"--trace", path("red.csv"), "--cluster", "1x8", "--policy", "fifo", "--quota",
                   path("quotas.yaml")}),
              2);
    const std::string said = err_.str();
    const size_t file = said.find("quotas.yaml:");
    return file == std::string::npos ? said : said.substr(file);
  };
  const std::string red = "kind: Quota\nmetadata: {name: red}\n";
  EXPECT_EQ(refused("---\n" + red + "spec: {parent: all, limits: []}\n"),
            "quotas.yaml:2: spec.parent: not simulated\n");
  EXPECT_EQ(refused("kind: Pod\n"), "quotas.yaml:1: want the kind Quota or SlaTier, got 'Pod'\n");
  EXPECT_EQ(refused("kind: Quota\nmetadata: {name: green}\nspec: {limits: []}\n"),
            "quotas.yaml:1: no trace is named like this Quota or its namespaces\n");
  EXPECT_EQ(refused(red + "spec: {limits: []}\n---\n" + red + "spec: {limits: []}\n"),
            "quotas.yaml:5: a second Quota of the tenant red\n");
  EXPECT_EQ(refused("kind: [\n").substr(0, 13), "quotas.yaml:2");
  EXPECT_EQ(refused("---\n"),
            "kubectl-berth simulate queue: tenant red: has no Quota in the file\n");
}

TEST_F(SimulateQueue, RefusesWhatItCannotSimulate) {
  EXPECT_EQ(run({"--trace", path("red.csv"), "--cluster", "4by8", "--policy", "fifo"}), 2);
  EXPECT_EQ(err_.str(),
            "kubectl-berth simulate queue: --cluster: want NODESxDEVICES, at most 100000x1024, got "
            "'4by8'\n");
  EXPECT_EQ(run({"--trace", path("red.csv"), "--cluster", "1x8", "--policy", "sjf"}), 2);
  EXPECT_NE(err_.str().find("sjf"), std::string::npos);
  EXPECT_EQ(run({"--trace", path("red.csv"), "--cluster", "1x8", "--policy", "berth", "--victims",
                 "oldest"}),
            2);
  EXPECT_NE(err_.str().find("oldest"), std::string::npos);
  EXPECT_EQ(run({"--trace", path("none.csv"), "--cluster", "1x8", "--policy", "fifo"}), 2);
}

TEST_F(SimulateQueue, PrintsATableForPeople) {
  ASSERT_EQ(run({"--trace", path("red.csv"), "--cluster", "1x4", "--policy", "easy"}), 0);
  EXPECT_NE(out_.str().find("POLICY easy, 1 nodes of 4 devices\n"), std::string::npos);
  EXPECT_NE(out_.str().find("refused                   1, wider than the cluster\n"),
            std::string::npos);
}

}  // namespace
}  // namespace berth::cli
