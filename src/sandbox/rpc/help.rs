//! `help.*`: what a client asks before anything else.

use grammers_tl_types::{Serializable, enums, functions, types};

use super::render::{DC_ID, date};
use super::{Call, Reply};

/// Answers `help.getConfig`: one data centre, here.
pub(super) fn config(call: &mut Call<'_>, _: functions::help::GetConfig) -> Reply {
    let here = types::DcOption {
        ipv6: call.inner.address.is_ipv6(),
        media_only: false,
        tcpo_only: false,
        cdn: false,
        r#static: true,
        this_port_only: false,
        id: DC_ID,
        ip_address: call.inner.address.ip().to_string(),
        port: i32::from(call.inner.address.port()),
        secret: None,
    };
    let at = date(call.now.unix());
    let config = types::Config {
        default_p2p_contacts: false,
        preload_featured_stickers: false,
        revoke_pm_inbox: true,
        blocked_mode: false,
        force_try_ipv6: false,
        date: at,
        expires: at.saturating_add(3600),
        test_mode: false,
        this_dc: DC_ID,
        dc_options: vec![here.into()],
        dc_txt_domain_name: String::new(),
        chat_size_max: 200,
        megagroup_size_max: 200_000,
        forwarded_count_max: 100,
        online_update_period_ms: 210_000,
        offline_blur_timeout_ms: 5_000,
        offline_idle_timeout_ms: 30_000,
        online_cloud_timeout_ms: 300_000,
        notify_cloud_delay_ms: 30_000,
        notify_default_delay_ms: 1_500,
        push_chat_period_ms: 60_000,
        push_chat_limit: 2,
        edit_time_limit: 172_800,
        revoke_time_limit: i32::MAX,
        revoke_pm_time_limit: i32::MAX,
        rating_e_decay: 2_419_200,
        stickers_recent_limit: 200,
        channels_read_media_period: 604_800,
        tmp_sessions: None,
        call_receive_timeout_ms: 20_000,
        call_ring_timeout_ms: 90_000,
        call_connect_timeout_ms: 30_000,
        call_packet_timeout_ms: 10_000,
        me_url_prefix: "https://t.me/".to_owned(),
        autoupdate_url_prefix: None,
        gif_search_username: None,
        venue_search_username: None,
        img_search_username: None,
        static_maps_provider: None,
        caption_length_max: 1024,
        message_length_max: 4096,
        webfile_dc_id: DC_ID,
        suggested_lang_code: None,
        lang_pack_version: None,
        base_lang_pack_version: None,
        reactions_default: None,
        autologin_token: None,
    };
    Ok(enums::Config::from(config).to_bytes())
}

/// Answers `help.getNearestDc`.
pub(super) fn nearest_dc(_: &mut Call<'_>, _: functions::help::GetNearestDc) -> Reply {
    let nearest = types::NearestDc { country: "ZZ".to_owned(), this_dc: DC_ID, nearest_dc: DC_ID };
    Ok(enums::NearestDc::from(nearest).to_bytes())
}

/// Answers `help.getAppConfig` with nothing in it.
pub(super) fn app_config(_: &mut Call<'_>, _: functions::help::GetAppConfig) -> Reply {
    let config = enums::Jsonvalue::JsonObject(types::JsonObject { value: Vec::new() });
    Ok(enums::help::AppConfig::Config(types::help::AppConfig { hash: 1, config }).to_bytes())
}
