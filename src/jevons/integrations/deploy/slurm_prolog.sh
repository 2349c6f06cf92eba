#!/bin/sh
# Slurm Prolog (slurm.conf: Prolog=/etc/slurm/prolog.d/jevons.sh): measure every job on its nodes.
#
#   JEVONS_PYTHON        the Python that has jevons (default python3)
#   JEVONS_HOME          where journals are kept (default /var/lib/jevons)
#   JEVONS_SLURM_SCOPE   job: the job's control group (default); node: the whole node, where nodes are not shared
#
# Whatever happens here, it ends with 0: a prolog that fails drains the node.

run_dir="${JEVONS_RUN_DIR:-/run/jevons}"
JEVONS_HOME="${JEVONS_HOME:-/var/lib/jevons}"
export JEVONS_HOME
[ -n "${SLURM_JOB_ID}" ] || exit 0
mkdir -p "${run_dir}" "${JEVONS_HOME}" || exit 0

scope="--cgroup ${SLURM_JOB_ID} --wait 120"
[ "${JEVONS_SLURM_SCOPE:-job}" = node ] && scope=""

# shellcheck disable=SC2086
setsid "${JEVONS_PYTHON:-python3}" -m jevons.integrations.agent ${scope} \
  --label "job=${SLURM_JOB_ID}" --label "owner=${SLURM_JOB_USER:-unknown}" \
  --label "account=${SLURM_JOB_ACCOUNT:-unknown}" --label "host=$(uname -n)" \
  </dev/null >>"${run_dir}/agent.log" 2>&1 &
echo $! >"${run_dir}/${SLURM_JOB_ID}.pid"
exit 0
