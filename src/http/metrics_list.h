#pragma once
#include <array>
#include <string_view>

// Every metric of the control plane, once. The registry (http/metrics.h) is made from this table
// and so is docs/reference/metrics.md.
//
// Rules: berth_NOUN_WHAT_UNIT[_total], base units (seconds, bytes, devices); labels bounded: a
// list of values here, or a name that administrators choose (quota, device class), never a job, a
// pod or a node.
namespace berth::http {

enum class MetricKind { Counter, Gauge, Histogram };

struct MetricLabel {
  std::string_view name;
  // "answered|error": the only values, each of whose series starts at 0. Empty: open, bounded by
  // kSeriesMax.
  std::string_view values;
};

struct MetricDefinition {
  std::string_view name;
  MetricKind kind = MetricKind::Counter;
  std::string_view help;  // a sentence
  std::array<MetricLabel, 4> labels{};
  // Upper bounds of a histogram's buckets, space separated, in the unit of its name.
  std::string_view buckets;
};

// Series beyond this many of one metric are counted under the label value "other".
inline constexpr int kSeriesMax = 1'000;

inline constexpr std::string_view kVerbs = "filter|bind";
inline constexpr std::string_view kVerbOutcomes = "answered|refused|error";
inline constexpr std::string_view kQuickBuckets =
    "0.00005 0.0001 0.00025 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5";

inline constexpr MetricDefinition kMetrics[] = {
    {.name = "berth_reconcile_total",
     .kind = MetricKind::Counter,
     .help = "Looks of a controller at one object, by outcome.",
     .labels = {{{"controller",
                  "epoch|quota|gpujob|foreignpod|namespace|slatier|placementpolicy|capacitypool|"
                  "reservation|inferenceendpoint|router"},
                 {"outcome", "done|conflict|error"}}}},
    {.name = "berth_pass_duration_seconds",
     .kind = MetricKind::Histogram,
     .help = "Time of one scheduling pass, gathering and deciding.",
     .buckets = kQuickBuckets},
    {.name = "berth_pass_asks",
     .kind = MetricKind::Gauge,
     .help = "Workloads that the last pass decided on."},
    {.name = "berth_pass_admitted_total",
     .kind = MetricKind::Counter,
     .help = "Workloads that passes admitted."},
    {.name = "berth_decision_log_bytes_total",
     .kind = MetricKind::Counter,
     .help = "Bytes of the decision log."},
    {.name = "berth_decision_log_errors_total",
     .kind = MetricKind::Counter,
     .help = "Times that the decision log ended because it could not be written."},
    {.name = "berth_decision_log_lost",
     .kind = MetricKind::Gauge,
     .help = "1: decisions should be written down and are not; else 0."},
    {.name = "berth_held_workloads",
     .kind = MetricKind::Gauge,
     .help = "Workloads that the last pass held, by reason.",
     .labels = {{{"reason",
                  "NoQuota|OverQuota|LentOut|NoSuchDevice|TooLarge|NoCapacity|Fragmented|"
                  "Reserved|NoTier|BudgetSpent|PromisedOut|Policy|NoReservation|AwaitsReservation|"
                  "Behind"}}}},
    {.name = "berth_leader",
     .kind = MetricKind::Gauge,
     .help = "1 while this process leads, else 0."},
    {.name = "berth_gpujob_attempts_total",
     .kind = MetricKind::Counter,
     .help = "Attempts of GpuJobs that ended, by cause.",
     .labels = {{{"cause",
                  "Completed|Failed|NonRetriableExit|Preempted|PlanFailed|DeadlineExceeded|"
                  "CostExceeded|Suspended|Resized"}}}},
    {.name = "berth_policy_matched_workloads",
     .kind = MetricKind::Gauge,
     .help = "GpuJobs that have not ended and that the PlacementPolicy is about.",
     .labels = {{{"policy"}}}},
    {.name = "berth_policy_would_change_placements",
     .kind = MetricKind::Gauge,
     .help = "Placements that the Shadow policy would have changed since its spec was changed.",
     .labels = {{{"policy"}}}},
    {.name = "berth_policy_conflicting",
     .kind = MetricKind::Gauge,
     .help = "1 while no node meets the policy together with another one, else 0.",
     .labels = {{{"policy"}}}},
    {.name = "berth_quota_epoch",
     .kind = MetricKind::Gauge,
     .help = "Number of the leader that wrote the Quota last.",
     .labels = {{{"quota"}}}},
    {.name = "berth_quota_used_devices",
     .kind = MetricKind::Gauge,
     .help = "Devices of admitted work, with all Quotas below.",
     .labels = {{{"quota"}, {"device_class"}}}},
    {.name = "berth_quota_borrowed_devices",
     .kind = MetricKind::Gauge,
     .help = "Devices used above the guarantee.",
     .labels = {{{"quota"}, {"device_class"}}}},
    {.name = "berth_quota_lent_devices",
     .kind = MetricKind::Gauge,
     .help = "Guaranteed devices that others are using.",
     .labels = {{{"quota"}, {"device_class"}}}},
    {.name = "berth_quota_pending_devices",
     .kind = MetricKind::Gauge,
     .help = "Devices that held work asks for.",
     .labels = {{{"quota"}, {"device_class"}}}},
    {.name = "berth_quota_unadmitted_devices",
     .kind = MetricKind::Gauge,
     .help = "Devices held by pods that nobody admitted.",
     .labels = {{{"quota"}, {"device_class"}}}},
    {.name = "berth_quota_share_of_fair_ratio",
     .kind = MetricKind::Gauge,
     .help = "What is used over the fair share by weights; 1 is fair.",
     .labels = {{{"quota"}}}},
    {.name = "berth_quota_budget_spent_device_seconds",
     .kind = MetricKind::Gauge,
     .help = "Device time spent in the budget's window, of Quotas with a budget.",
     .labels = {{{"quota"}}}},
    {.name = "berth_quota_budget_spent_usd",
     .kind = MetricKind::Gauge,
     .help = "US dollars spent in the budget's window, of Quotas with a budget.",
     .labels = {{{"quota"}}}},
    {.name = "berth_quota_budget_exhausted",
     .kind = MetricKind::Gauge,
     .help = "1 while the budget of this window is spent, else 0, of Quotas with a budget.",
     .labels = {{{"quota"}}}},
    {.name = "berth_tier_attainment_ratio",
     .kind = MetricKind::Gauge,
     .help = "Share of the tier's work that got what was promised in the last window.",
     .labels = {{{"tier"}}}},
    {.name = "berth_tier_jobs_at_risk",
     .kind = MetricKind::Gauge,
     .help = "Waiting jobs with little slack left.",
     .labels = {{{"tier"}}}},
    {.name = "berth_tier_queue_missed_total",
     .kind = MetricKind::Counter,
     .help = "Waits that became longer than the tier's longest time in the queue.",
     .labels = {{{"tier"}}}},
    {.name = "berth_pool_capacity_devices",
     .kind = MetricKind::Gauge,
     .help = "Devices of a CapacityPool, broken ones included.",
     .labels = {{{"pool"}}}},
    {.name = "berth_pool_healthy_devices",
     .kind = MetricKind::Gauge,
     .help = "Devices of a CapacityPool that can be used.",
     .labels = {{{"pool"}}}},
    {.name = "berth_pool_allocated_devices",
     .kind = MetricKind::Gauge,
     .help = "Devices of a CapacityPool in use.",
     .labels = {{{"pool"}}}},
    {.name = "berth_pool_largest_gang_devices",
     .kind = MetricKind::Gauge,
     .help = "Free devices of the emptiest domain of a level.",
     .labels = {{{"pool"}, {"level"}}}},
    {.name = "berth_pool_fragmentation_percent",
     .kind = MetricKind::Gauge,
     .help =
         "Percent of the free devices of a CapacityPool that work as it is asked for cannot use.",
     .labels = {{{"pool"}}}},
    {.name = "berth_extender_requests_total",
     .kind = MetricKind::Counter,
     .help = "Calls of kube-scheduler by verb and outcome.",
     .labels = {{{"verb", kVerbs}, {"outcome", kVerbOutcomes}}}},
    {.name = "berth_extender_request_duration_seconds",
     .kind = MetricKind::Histogram,
     .help = "Time from a whole request to its answer.",
     .labels = {{{"verb", kVerbs}}},
     .buckets = kQuickBuckets},
    {.name = "berth_extender_lookups_total",
     .kind = MetricKind::Counter,
     .help = "Live reads because the cache did not know what a call named.",
     .labels = {{{"kind", "workload|pod"}, {"outcome", "found|missing|error"}}}},
    {.name = "berth_extender_connections",
     .kind = MetricKind::Gauge,
     .help = "Open connections of kube-scheduler."},
    {.name = "berth_extender_synced",
     .kind = MetricKind::Gauge,
     .help = "1 once every cache has been filled, else 0."},
    {.name = "berth_tls_certificate_expiry_timestamp_seconds",
     .kind = MetricKind::Gauge,
     .help = "When the serving certificate ends, in seconds of the Unix epoch."},
};

}  // namespace berth::http
