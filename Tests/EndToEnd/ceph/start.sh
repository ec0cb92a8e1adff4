#!/bin/bash
# Ceph radosgw 16.2 (Debian), 1 mon + 1 memstore OSD + rgw, all on 127.0.0.1, cephx on, no mgr by default.
# env: PORT (7480) TLS_PORT (7443) MON_PORT (40100) DATA (mktemp) OSD_STORE=memstore|bluestore WITH_MGR=0|1
set -u
PORT=${PORT:-7480}; TLS_PORT=${TLS_PORT:-7443}; MON_PORT=${MON_PORT:-40100}
AK=${AK:-AKIATESTCEPH00000001}; SK=${SK:-cephSecretKey0123456789abcdefABCDEF/+xyz}
OSD_STORE=${OSD_STORE:-memstore}; WITH_MGR=${WITH_MGR:-0}
own=; [ -n "${DATA:-}" ] || { DATA=$(mktemp -d /tmp/ceph-rgw.XXXXXX); own=1; }
mkdir -p "$DATA"/{mon,osd,mgr,run,log}
(
  # An authority and a certificate for loopback.
  set -e; mkdir -p "$DATA/certs"; cd "$DATA/certs"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj "/CN=store test CA" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
  openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj "/CN=localhost"
  openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out leaf.crt \
    -extfile <(printf 'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n')
  cat leaf.crt leaf.key > leaf.pem
) 2>/dev/null || { echo "no certificates" >&2; exit 1; }
pids=()
gone() { for _ in $(seq "$2"); do kill -0 "$1" 2>/dev/null || return 0; sleep .05; done; kill -KILL "$1" 2>/dev/null; }
stop() { trap - TERM INT EXIT   # rgw first (needs the OSD to say goodbye), then OSD, then mon; only our own pids
  [ -n "${RGW_PID:-}" ] && { kill -TERM "$RGW_PID" 2>/dev/null; gone "$RGW_PID" 60; }
  # a memstore OSD dumps all its RAM to disk on SIGTERM; the data is throw-away, so kill it
  [ "$OSD_STORE" = memstore ] && [ -n "${OSD_PID:-}" ] && kill -KILL "$OSD_PID" 2>/dev/null
  for ((i=${#pids[@]}-1;i>=0;i--)); do kill -TERM "${pids[i]}" 2>/dev/null; done
  for p in "${pids[@]}"; do gone "$p" 60; done
  wait 2>/dev/null; [ -n "$own" ] && rm -rf "$DATA"; exit "${1:-0}"; }
trap 'stop 0' TERM INT; trap 'stop $?' EXIT
FSID=$(cat /proc/sys/kernel/random/uuid)
cat > "$DATA/ceph.conf" <<C
[global]
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_tick_interval = 1
osd_pg_object_context_cache_count = 16
fsid = $FSID
mon_host = v2:127.0.0.1:$MON_PORT
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
ms_bind_port_min = $((MON_PORT+1))
ms_bind_port_max = $((MON_PORT+60))
osd_pool_default_size = 1
osd_pool_default_min_size = 1
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_max_pg_per_osd = 1000
run_dir = $DATA/run
admin_socket = $DATA/run/\$name.asok
log_file = $DATA/log/\$name.log
pid_file = $DATA/run/\$name.pid
mon_cluster_log_file = $DATA/log/cluster.log
keyring = $DATA/keyring
setuser_match_path =
[mon.a]
mon_data = $DATA/mon
mon_data_avail_crit = 1
[osd.0]
osd_data = $DATA/osd
osd_objectstore = $OSD_STORE
memstore_device_bytes = 4294967296
bluestore_block_size = 4294967296
osd_memory_target = 1073741824
osd_journal = $DATA/osd/journal
[mgr.x]
mgr_data = $DATA/mgr
mgr_modules =
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$PORT ssl_endpoint=127.0.0.1:$TLS_PORT ssl_certificate=$DATA/certs/leaf.pem
rgw_enable_usage_log = false
rgw_run_sync_thread = false
rgw_dynamic_resharding = false
rgw_s3_auth_use_sts = $([ "${STS:-0}" = 1 ] && echo true || echo false)
rgw_dns_name = localhost
rgw_sts_key = abcdefghijklmnop
debug_rgw = ${DEBUG_RGW:-1}
C
C="-c $DATA/ceph.conf"
ceph-authtool --create-keyring "$DATA/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null || exit 1
ceph-authtool "$DATA/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
ceph-authtool "$DATA/keyring" --gen-key -n client.rgw --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
ceph-authtool "$DATA/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd' >/dev/null
ceph-authtool "$DATA/keyring" --gen-key -n mgr.x --cap mon 'allow profile mgr' --cap osd 'allow *' >/dev/null
monmaptool --create --fsid "$FSID" --addv a "[v2:127.0.0.1:$MON_PORT]" "$DATA/monmap" >/dev/null || exit 1
ceph-mon $C -i a --mkfs --monmap "$DATA/monmap" --keyring "$DATA/keyring" >"$DATA/log/mkfs.out" 2>&1 || { cat "$DATA/log/mkfs.out" >&2; exit 1; }
ceph-mon $C -i a -f >"$DATA/log/mon.out" 2>&1 & pids+=($!)
UUID=$(cat /proc/sys/kernel/random/uuid)
timeout 60 ceph $C --connect-timeout 50 osd new "$UUID" 0 >/dev/null 2>"$DATA/log/osdnew.out" || { cat "$DATA/log/osdnew.out" >&2; exit 1; }
ceph-osd $C -i 0 --mkfs --osd-uuid "$UUID" >"$DATA/log/osdmkfs.out" 2>&1 || { cat "$DATA/log/osdmkfs.out" >&2; exit 1; }
if [ "$WITH_MGR" = 1 ]; then ceph-mgr $C -i x -f >"$DATA/log/mgr.out" 2>&1 & pids+=($!); fi
ceph-osd $C -i 0 -f >"$DATA/log/osd.out" 2>&1 & OSD_PID=$!; pids+=($OSD_PID)
for _ in $(seq 100); do timeout 20 ceph $C osd stat 2>/dev/null | grep -q '1 up' && break; sleep .1; done
timeout 60 radosgw-admin $C -n client.rgw user create --uid test --display-name test --access-key "$AK" --secret-key "$SK" >"$DATA/log/user.json" 2>"$DATA/log/user.err" || { cat "$DATA/log/user.err" >&2; exit 1; }
radosgw $C -n client.rgw -f >"$DATA/log/rgw.out" 2>&1 & RGW_PID=$!; pids+=($RGW_PID)
ok=; for _ in $(seq 600); do curl -s -o /dev/null "http://127.0.0.1:$PORT/" && { ok=1; break; }; kill -0 "${pids[-1]}" 2>/dev/null || { tail "$DATA/log/rgw.out" >&2; exit 1; }; sleep .1; done
[ -n "$ok" ] || { echo "rgw did not answer" >&2; tail -3 "$DATA/log/client.rgw.log" >&2; exit 1; }
echo "ENDPOINT=http://127.0.0.1:$PORT"
echo "TLS_ENDPOINT=https://127.0.0.1:$TLS_PORT"
echo "CA_BUNDLE=$DATA/certs/ca.pem"
echo "AWS_ACCESS_KEY_ID=$AK"; echo "AWS_SECRET_ACCESS_KEY=$SK"; echo "AWS_REGION=us-east-1"
if [ "${STS:-0}" = 1 ]; then   # a real session: role + AssumeRole; wants boto3. With STS=1 an unknown key id / wrong long-lived secret answers AccessDenied
  R="-c $DATA/ceph.conf -n client.rgw --admin-socket="
  radosgw-admin $R role create --role-name gw --path / --assume-role-policy-doc '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/test"]},"Action":["sts:AssumeRole"]}]}' >"$DATA/log/role" 2>&1
  radosgw-admin $R role-policy put --role-name gw --policy-name all --policy-doc '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}' >>"$DATA/log/role" 2>&1
  AWS_ACCESS_KEY_ID=$AK AWS_SECRET_ACCESS_KEY=$SK python3 -W ignore -c "
import boto3
c = boto3.client('sts', endpoint_url='http://127.0.0.1:$PORT', region_name='us-east-1').assume_role(RoleArn='arn:aws:iam:::role/gw', RoleSessionName='gw-session')['Credentials']
for k, v in (('ACCESS_KEY_ID', 'AccessKeyId'), ('SECRET_ACCESS_KEY', 'SecretAccessKey'), ('SESSION_TOKEN', 'SessionToken')): print(f'ROLE_{k}={c[v]}')" || exit 1
fi
echo "DATA=$DATA"; echo "PIDS=${pids[*]}"; echo READY
while :; do wait -n; for p in "${pids[@]}"; do kill -0 "$p" 2>/dev/null || { echo "child $p died" >&2; exit 1; }; done; done
