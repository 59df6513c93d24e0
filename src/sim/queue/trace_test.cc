#include "sim/queue/trace.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace berth::sim::queue {
namespace {

Result<std::vector<Job>> parse(const std::string& text) {
  return parse_jobs(*Csv::parse("jobs", text));
}

TEST(QueueTrace, ReadsElasticflowInSeconds) {
  const auto jobs = parse("job_id,submission_time,duration,num_gpu\na,10,600,64\n");
  ASSERT_TRUE(jobs);
  EXPECT_EQ(jobs->at(0).visible.name, "a");
  EXPECT_EQ(jobs->at(0).visible.submitted, Instant(std::chrono::seconds(10)));
  EXPECT_EQ(jobs->at(0).duration, std::chrono::seconds(600));
  EXPECT_EQ(jobs->at(0).visible.devices, 64);
  EXPECT_FALSE(jobs->at(0).visible.deadline);
}

TEST(QueueTrace, ReadsModelAndDeadlineWhereThereAreAny) {
  const auto jobs = parse(
      "job_id,submission_time,num_iteration,model_name,deadline,batch_size,num_gpu,duration\n"
      "a,10,3249,bert,700,32,1,1075\n");
  ASSERT_TRUE(jobs);
  EXPECT_EQ(jobs->at(0).visible.model, "bert");
  EXPECT_EQ(jobs->at(0).visible.deadline, Instant(std::chrono::seconds(700)));
}

TEST(QueueTrace, ReadsMuriPhillyInMilliseconds) {
  const auto jobs = parse(
      "job_id,num_gpu,submit_time,iterations,model_name,batch_size,duration,interval\n"
      "0,8,201694000,8787693,dqn,128,4472936000,201694000\n");
  ASSERT_TRUE(jobs);
  EXPECT_EQ(jobs->at(0).visible.submitted, Instant(std::chrono::seconds(201'694)));
  EXPECT_EQ(jobs->at(0).duration, std::chrono::seconds(4'472'936));
}

TEST(QueueTrace, NamesTheLineOfWhatIsWrong) {
  const std::string header = "job_id,submission_time,duration,num_gpu\n";
  EXPECT_EQ(parse(header + "a,0,1,1\nb,0,0,1\n").error().message,
            "jobs:3: duration: want 1 to 4398046511104, got 0");
  EXPECT_EQ(parse(header + "a,0,1,x\n").error().message,
            "jobs:2: num_gpu: want a whole number, got 'x'");
  EXPECT_EQ(parse(header + "a,-1,1,1\n").error().message,
            "jobs:2: submission_time: want 0 to 4398046511104, got -1");
  EXPECT_EQ(parse("id,gpus\n").error().message.substr(0, 24), "jobs:1: want the columns");
}

TEST(QueueTrace, MergesTenantsByTimeOfSubmission) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "berth_queue_trace_test";
  std::filesystem::create_directories(folder / "other");
  const std::string header = "job_id,submission_time,duration,num_gpu\n";
  std::ofstream(folder / "red.csv") << header << "r1,5,1,1\nr2,20,1,1\n";
  std::ofstream(folder / "blue.v2.csv") << header << "b1,0,1,1\nb2,20,1,1\n";
  std::ofstream(folder / "other" / "red.csv") << header;

  const auto load = load_traces({folder / "red.csv", folder / "blue.v2.csv"});
  ASSERT_TRUE(load);
  EXPECT_EQ(load->tenants.at(0).name, "red");
  EXPECT_EQ(load->tenants.at(1).name, "blue");
  std::string order;
  for (const Job& job : load->jobs) order += job.visible.name + " ";
  EXPECT_EQ(order, "b1 r1 r2 b2 ");
  EXPECT_EQ(load->jobs[0].visible.tenant, 1);

  const auto twice = load_traces({folder / "red.csv", folder / "other" / "red.csv"});
  EXPECT_NE(twice.error().message.find("a second trace of the tenant red"), std::string::npos);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace berth::sim::queue
