//! What the fields are called that the shipped rules fill, for people. Fields of an operator's own rules are called by their names.

use crate::domain::language::is_chinese;

/// (field, English, Chinese)
const LABELS: &[(&str, &str, &str)] = &[
    ("asset", "Device", "设备编号"),
    ("check", "Check", "检查项"),
    ("day", "Day", "日期"),
    ("error_code", "Error code", "错误码"),
    ("handover", "Handed over to", "交接"),
    ("host", "Host", "主机"),
    ("host2", "Host", "主机"),
    ("manager", "Line manager", "直属主管"),
    ("order", "Order number", "订单号"),
    ("path", "Path", "路径"),
    ("place", "Place", "地点"),
    ("printer", "Printer", "打印机"),
    ("severity", "Severity", "级别"),
    ("since", "Started", "开始时间"),
    ("state", "State", "状态"),
    ("systems", "Systems", "系统"),
];

/// A field and its value, for a reader of this language.
pub fn shown(field: &str, value: &str, language: &str) -> String {
    let known = LABELS.iter().find(|(name, ..)| *name == field);
    match (known, is_chinese(language)) {
        (Some((_, _, label)), true) => format!("{label}：{value}"),
        (Some((_, label, _)), false) => format!("{label}: {value}"),
        (None, true) => format!("{}：{value}", field.replace('_', " ")),
        (None, false) => format!("{}: {value}", field.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::RuleSet;

    #[test]
    fn fields_have_names_for_people() {
        for (field, language, wanted) in [
            ("error_code", "en", "Error code: 809"),
            ("error_code", "zh", "错误码：809"),
            ("time_clock", "en", "time clock: 809"),
            ("error_code", "zh-TW", "错误码：809"),
            ("time_clock", "zh", "time clock：809"),
        ] {
            assert_eq!(shown(field, "809", language), wanted);
        }
    }

    #[test]
    fn every_field_of_a_shipped_rule_has_a_label() {
        let group = regex::Regex::new(r"\(\?P<(\w+)>").unwrap();
        let mut seen = 0;
        for (file, text) in RuleSet::builtin_files() {
            for found in group.captures_iter(&text) {
                let field = &found[1];
                assert!(LABELS.iter().any(|(name, ..)| *name == field), "{file}: {field} has no label");
                seen += 1;
            }
            assert!(!text.contains("extract ="), "{file}: its fields have no label");
        }
        assert!(seen > 40, "{seen}");
    }
}
