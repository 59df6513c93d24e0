/* Two attempts of one worker under two leaders: its pods, their names and UIDs, and who may run.
 *
 * The charge is not in here: see ledger.pml. The stage of the workload only grows and is its
 * resourceVersion; stage / 3 is the attempt. The second attempt may be of another workload of the
 * same name, made after the first was deleted: then its pod has the name of the first one's.
 * After "src" stands who does the step in C++. */

#include "server.pml"

#define attempt(s) (s / 3)
#define is_waiting(s) (s % 3 == 0)
#define is_placed(s) (s % 3 == 1)
#define is_ending(s) (s % 3 == 2)
#define LAST 6 /* both attempts are over */
#define NAMES 2
#define PODS 3 /* made under one name, at most */

/* Stored. */
byte stage;
bool same_name;      /* both attempts' pods are called the same */
byte phase[NAMES];   /* of the pod of that name: 0 is none, 1 made, 2 bound */
byte made_for[NAMES];      /* its attempt */
byte uid[NAMES];

typedef Leader {
  byte stage;
  bool is_there[NAMES]; /* a live pod */
  byte uid[NAMES];
  byte made_for[NAMES];
  bool unheard;   /* it made a pod and has not heard of it */
  bool settled;   /* nobody made one before it that it has not seen */
  byte gone_in;   /* the stage in which it knew that no pod is left */
};
Leader leader[LEADERS];
#define L leader[l]

#define name_of(a) (same_name -> 0 : a)
#define may_run(a) (!is_waiting(stage) && attempt(stage) == a)
#define may_start(a) (is_placed(stage) && attempt(stage) == a)

/* After every step that stores something. */
inline check() {
  assert(phase[0] != 2 || may_run(made_for[0])); /* who runs has a placement, of its own attempt */
  assert(phase[1] != 2 || may_run(made_for[1]));
  assert(phase[0] != 2 || phase[1] != 2)   /* one worker, one pod */
}

inline see_pod(l, n) {
  L.is_there[n] = (phase[n] != 0);
  L.uid[n] = uid[n];
  L.made_for[n] = made_for[n]
}

inline forget(l) {
  mode[l] = Dead;
  L.stage = 0;
  L.unheard = false;
  L.settled = false;
  L.gone_in = 0;
  L.is_there[0] = false; L.uid[0] = 0; L.made_for[0] = 0;
  L.is_there[1] = false; L.uid[1] = 0; L.made_for[1] = 0
}

#ifdef PODS_BEFORE_PLACEMENT
#define may_make(l) (L.stage < LAST && !is_ending(L.stage))
#else
#define may_make(l) is_placed(L.stage)
#endif

#define can_make(l, n) \
  (mode[l] == Leading && may_make(l) && n == name_of(attempt(L.stage)) && !L.is_there[n] && \
   phase[n] == 0 && uid[n] < PODS && not_fenced(l))
inline make(l, n) {
  assert(stage > 3 * attempt(L.stage)); /* made for a placement that was stored */
  phase[n] = 1;
  uid[n]++;
  made_for[n] = attempt(L.stage);
  check()
}

#ifdef UID_IGNORED
#define is_meant(l, n) true
#else
#define is_meant(l, n) (uid[n] == L.uid[n]) /* src: GpuJobController::delete_pods */
#endif

/* What must go: all of an attempt that ended, and what is left of earlier ones. */
#define must_go(l, n) (!is_placed(L.stage) || L.made_for[n] != attempt(L.stage))

/* One name of a pod, as one leader sees to it. */
proctype PodOf(byte l; byte n) {
end:
  do
  :: d_step { /* src: Store::upsert */
       mode[l] == Leading &&
       (L.is_there[n] != (phase[n] != 0) || L.uid[n] != uid[n]) ->
       see_pod(l, n)
     }
  :: d_step { /* src: GpuJobController::create_workers */
       can_make(l, n) ->
       make(l, n);
       see_pod(l, n)
     }
  :: d_step { /* the same, and the reply is lost */
       can_make(l, n) ->
       make(l, n);
       L.unheard = true
     }
  :: d_step { /* src: delete_live_pods, delete_old_pods, GpuJobController::delete_pods */
       mode[l] == Leading && L.is_there[n] && must_go(l, n) && phase[n] != 0 && is_meant(l, n) &&
       not_fenced(l) ->
       assert(uid[n] == L.uid[n]); /* nobody deletes a pod that it has not seen */
       phase[n] = 0;
       check()
     }
  od
}

#define is_in_doubt(l) (L.unheard || !L.settled || holder != l) /* src: GpuJobController::is_in_doubt */
#define none_seen(l) (!L.is_there[0] && !L.is_there[1])
#ifdef PLACEMENT_CLEARED_BEFORE_PODS_ARE_GONE
#define none_lives(l) true
#elif defined(RELEASED_ON_AN_OLD_VIEW)
#define none_lives(l) none_seen(l)
#else /* src: any_live */
#define none_lives(l) (L.gone_in == L.stage)
#endif

/* The workload, as one leader sees to it. */
proctype GpuJob(byte l) {
end:
  do
  :: d_step { mode[l] == Leading && L.stage != stage -> L.stage = stage } /* src: Store::upsert */
  :: d_step { /* src: GpuJobController::write_status, JobDesk::granted */
       mode[l] == Leading && is_waiting(L.stage) && L.stage == stage && stage < LAST &&
       !L.is_there[0] && !L.is_there[1] && not_fenced(l) ->
       stage++;
       check()
     }
  :: d_step { /* src: end_attempt */
       mode[l] == Leading && is_placed(L.stage) && L.stage == stage && not_fenced(l) ->
#ifdef ATTEMPT_BESIDE_THE_LAST
       stage = (stage + 3 > LAST -> LAST : stage + 3);
#else
       stage++;
#endif
       check()
     }
  :: d_step { /* src: finish_release, GpuJobController::is_in_doubt */
       mode[l] == Leading && is_ending(L.stage) && none_seen(l) && !is_in_doubt(l) &&
       L.gone_in != L.stage ->
       L.gone_in = L.stage
     }
  :: d_step { /* src: finish_release, GpuJobController::list_pods */
       mode[l] == Leading && is_ending(L.stage) && none_seen(l) && is_in_doubt(l) &&
       L.gone_in != L.stage ->
       see_pod(l, 0);
       see_pod(l, 1);
       L.unheard = false;
       L.gone_in = (none_seen(l) -> L.stage : 0)
     }
  :: d_step { /* src: finish_release */
       mode[l] == Leading && is_ending(L.stage) && L.stage == stage && none_lives(l) &&
       not_fenced(l) ->
       stage++;
       check()
     }
  od
}

#ifdef BIND_UNCHECKED
#define is_assigned(n) true
#elif defined(BOUND_AFTER_THE_END)
#define is_assigned(n) may_run(made_for[n])
#else
#define is_assigned(n) may_start(made_for[n]) /* src: assigned_to */
#endif

/* kube-scheduler with the extender, and whoever takes a pod away. */
proctype World(byte n) {
end:
  do
  :: d_step { phase[n] == 1 && is_assigned(n) -> phase[n] = 2; check() } /* src: Binder::check */
  :: d_step { phase[n] != 0 && uid[n] < PODS && !calm -> phase[n] = 0; check() }
  od
}

#define has_seen(l, n) (L.is_there[n] == (phase[n] != 0) && L.uid[n] == uid[n])
#define has_seen_all(l) (has_seen(l, 0) && has_seen(l, 1))

proctype Term(byte l) {
end:
  do
  :: d_step { /* src: Operator::advance */
       can_be_elected(l) ->
       elect(l);
       mode[l] = Leading;
       L.stage = stage;
       see_pod(l, 0);
       see_pod(l, 1)
     }
  :: d_step { /* env: a lease for writes of the leader before, another for what is seen of them */
       mode[l] == Leading && holder == l && all_know && !L.settled && has_seen_all(l) ->
       L.settled = true
     }
  :: d_step { can_crash(l) -> forget(l) }
  :: d_step { holder == l && !all_know -> /* env: and so the one before can do nothing any more */
       all_know = true;
       if
       :: l == 0 -> forget(1)
       :: else -> forget(0)
       fi
     }
  od
}

/* When nothing can happen any more: both attempts are over and nothing is left of them. */
proctype Quiet() {
  timeout;
  assert(stage == LAST && phase[0] == 0 && phase[1] == 0)
}

init {
  if
  :: same_name = true
  :: skip
  fi;
  atomic {
    mode[0] = Leading;
    mode[1] = Dead;
    run Term(0); run Term(1);
    run GpuJob(0); run GpuJob(1);
    run PodOf(0, 0); run PodOf(0, 1); run PodOf(1, 0); run PodOf(1, 1);
    run World(0); run World(1);
    run Quiet()
  }
}
