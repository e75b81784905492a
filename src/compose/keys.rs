//! The keys that Compose has, for what is passed through to it (the schema of the Compose specification; tried with
//! `docker compose config` 2.40, which refuses the whole file for one key that it does not know).

/// The keys of a mapping, by the way to it; `*` stands for any name, and `[]` for an item of a list. A mapping that is not here takes any key.
const KEYS: [(&str, &[&str]); 41] = [
    ("", &["configs", "include", "models", "name", "networks", "secrets", "services", "version", "volumes"]),
    ("configs.*", &["content", "environment", "external", "file", "labels", "name", "template_driver"]),
    (
        "networks.*",
        &[
            "attachable",
            "driver",
            "driver_opts",
            "enable_ipv4",
            "enable_ipv6",
            "external",
            "internal",
            "ipam",
            "labels",
            "name",
        ],
    ),
    ("networks.*.ipam", &["config", "driver", "options"]),
    ("networks.*.ipam.config[]", &["aux_addresses", "gateway", "ip_range", "subnet"]),
    ("secrets.*", &["driver", "driver_opts", "environment", "external", "file", "labels", "name", "template_driver"]),
    (SERVICE, OF_A_SERVICE),
    (
        "services.*.build",
        &[
            "additional_contexts",
            "args",
            "cache_from",
            "cache_to",
            "context",
            "dockerfile",
            "dockerfile_inline",
            "entitlements",
            "extra_hosts",
            "isolation",
            "labels",
            "network",
            "no_cache",
            "platforms",
            "privileged",
            "provenance",
            "pull",
            "sbom",
            "secrets",
            "shm_size",
            "ssh",
            "tags",
            "target",
            "ulimits",
        ],
    ),
    (
        "services.*.blkio_config",
        &["device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops", "weight", "weight_device"],
    ),
    ("services.*.build.secrets[]", OF_A_GRANT),
    ("services.*.configs[]", OF_A_GRANT),
    ("services.*.credential_spec", &["config", "file", "registry"]),
    ("services.*.depends_on.*", &["condition", "required", "restart"]),
    (
        "services.*.deploy",
        &[
            "endpoint_mode",
            "labels",
            "mode",
            "placement",
            "replicas",
            "resources",
            "restart_policy",
            "rollback_config",
            "update_config",
        ],
    ),
    ("services.*.deploy.placement", &["constraints", "max_replicas_per_node", "preferences"]),
    ("services.*.deploy.placement.preferences[]", &["spread"]),
    ("services.*.deploy.resources", &["limits", "reservations"]),
    ("services.*.deploy.resources.limits", &["cpus", "memory", "pids"]),
    ("services.*.deploy.resources.reservations", &["cpus", "devices", "generic_resources", "memory"]),
    (
        "services.*.deploy.resources.reservations.devices[]",
        &["capabilities", "count", "device_ids", "driver", "options"],
    ),
    ("services.*.deploy.restart_policy", &["condition", "delay", "max_attempts", "window"]),
    ("services.*.deploy.rollback_config", OF_AN_UPDATE),
    ("services.*.deploy.update_config", OF_AN_UPDATE),
    ("services.*.develop", &["watch"]),
    ("services.*.develop.watch[]", &["action", "exec", "ignore", "include", "initial_sync", "path", "target"]),
    ("services.*.develop.watch[].exec", OF_A_HOOK),
    ("services.*.env_file[]", &["format", "path", "required"]),
    (
        "services.*.healthcheck",
        &["disable", "interval", "retries", "start_interval", "start_period", "test", "timeout"],
    ),
    ("services.*.logging", &["driver", "options"]),
    (
        "services.*.networks.*",
        &[
            "aliases",
            "driver_opts",
            "gw_priority",
            "interface_name",
            "ipv4_address",
            "ipv6_address",
            "link_local_ips",
            "mac_address",
            "priority",
        ],
    ),
    ("services.*.ports[]", &["app_protocol", "host_ip", "mode", "name", "protocol", "published", "target"]),
    ("services.*.post_start[]", OF_A_HOOK),
    ("services.*.pre_stop[]", OF_A_HOOK),
    ("services.*.provider", &["options", "type"]),
    ("services.*.secrets[]", OF_A_GRANT),
    (
        "services.*.volumes[]",
        &["bind", "consistency", "image", "read_only", "source", "target", "tmpfs", "type", "volume"],
    ),
    ("services.*.volumes[].bind", &["create_host_path", "propagation", "recursive", "selinux"]),
    ("services.*.volumes[].image", &["subpath"]),
    ("services.*.volumes[].tmpfs", &["mode", "size"]),
    ("services.*.volumes[].volume", &["labels", "nocopy", "subpath"]),
    ("volumes.*", &["driver", "driver_opts", "external", "labels", "name"]),
];

/// The way to a service.
pub(crate) const SERVICE: &str = "services.*";

/// The keys of a service.
const OF_A_SERVICE: &[&str] = &[
    "annotations",
    "attach",
    "blkio_config",
    "build",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "command",
    "configs",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "depends_on",
    "deploy",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "ipc",
    "isolation",
    "label_file",
    "labels",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "ports",
    "post_start",
    "pre_stop",
    "privileged",
    "profiles",
    "provider",
    "pull_policy",
    "pull_refresh_after",
    "read_only",
    "restart",
    "runtime",
    "scale",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes",
    "volumes_from",
    "working_dir",
];

/// The keys of what says how services are replaced.
const OF_AN_UPDATE: &[&str] = &["delay", "failure_action", "max_failure_ratio", "monitor", "order", "parallelism"];

/// The keys by which a service takes a secret or a config.
const OF_A_GRANT: &[&str] = &["gid", "mode", "source", "target", "uid"];

/// The keys of a command that is run in a container.
const OF_A_HOOK: &[&str] = &["command", "environment", "privileged", "user", "working_dir"];

/// The keys of the mapping at `way`; nothing where it takes any.
pub(crate) fn of(way: &str) -> Option<&'static [&'static str]> {
    KEYS.iter().find(|(known, _)| *known == way).map(|(_, keys)| *keys)
}

/// The way to what stands at a key of the mapping at `way`.
pub(crate) fn below(way: &str, key: &str) -> String {
    let named = format!("{way}.*");
    match KEYS.iter().any(|(known, _)| *known == named) {
        true => named,
        false if way.is_empty() => key.to_owned(),
        false => format!("{way}.{key}"),
    }
}

/// The way to the items of the list at `way`.
pub(crate) fn items(way: &str) -> String {
    format!("{way}[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_of_keys_is_sorted() {
        for (way, keys) in KEYS {
            assert!(keys.is_sorted(), "{way}");
        }
    }

    #[test]
    fn a_name_is_any_key() {
        assert_eq!(below("", "volumes"), "volumes");
        assert_eq!(below("volumes", "data"), "volumes.*");
        assert_eq!(below(&below(SERVICE, "networks"), "edge"), "services.*.networks.*");
        assert_eq!(below("services.*.build", "args"), "services.*.build.args");
        assert!(of("services.*.build.args").is_none());
        assert!(of(&below(&below(SERVICE, "deploy"), "resources")).is_some());
        assert!(of(&items(&below(SERVICE, "ports"))).is_some());
        assert!(of(&below(&items(&below(SERVICE, "volumes")), "bind")).is_some());
    }
}
