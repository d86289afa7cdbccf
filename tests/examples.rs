//! Every example at work: its own files, the commands of its README, and real servers in place of the outside world.

mod aws_s3_agent;
mod folder;
mod github_agent;
mod per_user_oauth;
mod quickstart;
mod screen;
mod vault_postgres_agent;
