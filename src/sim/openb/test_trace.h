#pragma once
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "sim/openb/trace.h"

namespace berth::sim::openb {

inline constexpr const char* kNodesHeader = "sn,cpu_milli,memory_mib,gpu,model\n";
inline constexpr const char* kPodsHeader = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n";

// A trace from the rows of its two files.
inline Result<Trace> parse_trace(const std::string& nodes, const std::string& pods) {
  const Csv node_list = BERTH_TRY(Csv::parse("nodes.csv", kNodesHeader + nodes));
  const Csv pod_list = BERTH_TRY(Csv::parse("pods.csv", kPodsHeader + pods));
  return load_trace(node_list, pod_list);
}

inline Trace trace_of(const std::string& nodes, const std::string& pods) {
  auto trace = parse_trace(nodes, pods);
  EXPECT_TRUE(trace) << (trace ? "" : trace.error().message);
  return trace ? *std::move(trace) : Trace{};
}

}  // namespace berth::sim::openb
